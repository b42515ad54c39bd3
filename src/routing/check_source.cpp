// The mistakes in the files of source addresses and EHLO names; see check.hpp.
#include <map>

#include "base/ascii.hpp"
#include "base/lines.hpp"
#include "base/text.hpp"
#include "routing/check.hpp"
#include "routing/control_lines.hpp"
#include "routing/source_lines.hpp"

namespace tern::routing {
namespace {

std::optional<std::string> what_is_wrong_with_domain(std::string_view key) {
    if (key == all_senders) return std::nullopt;
    if (key.empty()) return "the line has no domain (write * for all senders)";
    if (key.starts_with('.') || key == null_sender_key)
        return concat(in_quotes(key), " matches no sender (write a whole domain or *)");
    return what_is_wrong_with_key(comparable_domain(key), Keys::domains);
}

}  // namespace

std::vector<Mistake> check_outgoingip(std::string_view content, Family family) {
    MistakeList mistakes(outgoing_file(family));
    if (const auto outgoing = parse_outgoing(content, family); !outgoing)
        mistakes.add_deferring(1, outgoing.error());
    for (Lines lines(content); lines.next();)
        if (lines.number() > 1 && !is_blank_or_comment(lines.line())) {
            mistakes.add_ignored(lines.number(),
                                 "the line is ignored (only the first line counts)");
            break;
        }
    return mistakes.take();
}

std::vector<Mistake> check_domainips(std::string_view content) {
    MistakeList mistakes(domainips_file);
    std::map<std::pair<std::string, Family>, std::size_t> last;
    const auto key_of = [](const DomainLine& line) { return lower(comparable_domain(line.key)); };
    const auto each = [content](const auto& look) {
        for (Lines lines(content); lines.next();)
            if (!is_blank_or_comment(lines.line()))
                look(split_domain_line(lines.line()), lines.number());
    };
    each([&](const std::optional<DomainLine>& line, std::size_t number) {
        for (const Family family : {Family::ipv4, Family::ipv6})
            if (line && line->is_of(family)) last[{key_of(*line), family}] = number;
    });
    each([&](const std::optional<DomainLine>& line, std::size_t number) {
        if (!line)
            return mistakes.add_ignored(
                number, "the line has no colon and is ignored (write domain:address)");
        if (auto what = what_is_wrong_with_domain(line->key)) mistakes.add_ignored(number, *what);
        if (line->mistake) mistakes.add_deferring(number, *line->mistake);
        std::size_t by = 0;
        for (const Family family : {Family::ipv4, Family::ipv6})
            if (line->is_of(family)) by = std::max(by, last[{key_of(*line), family}]);
        // What may be of either family is overridden only where it is in both.
        const bool decides =
            (line->may_be_ipv4 && last[{key_of(*line), Family::ipv4}] == number) ||
            (line->may_be_ipv6 && last[{key_of(*line), Family::ipv6}] == number);
        if (!decides) mistakes.add_overridden(number, by);
    });
    return mistakes.take();
}

std::vector<Mistake> check_helohostbyip(std::string_view content) {
    MistakeList mistakes(helohostbyip_file);
    std::map<IpAddress, std::size_t> last;
    for (Lines lines(content); lines.next();)
        if (const auto line = split_hello_line(lines.line()); line && line->address)
            last[*line->address] = lines.number();
    for (Lines lines(content); lines.next();) {
        const std::size_t number = lines.number();
        if (is_blank_or_comment(lines.line())) continue;
        const std::optional<HelloLine> line = split_hello_line(lines.line());
        if (!line) {
            mistakes.add_ignored(
                number, "the line has no colon and is ignored (write address:helohost)");
            continue;
        }
        if (!line->address)
            mistakes.add_ignored(number,
                                 concat(in_quotes(line->key),
                                        " is not an IP address, so the line matches nothing "
                                        "(write address:helohost)"));
        if (!is_hello_name(line->name))
            mistakes.add_deferring(number, what_is_wrong_with_hello_name(line->name));
        if (line->address && last[*line->address] != number)
            mistakes.add_overridden(number, last[*line->address]);
    }
    return mistakes.take();
}

}  // namespace tern::routing

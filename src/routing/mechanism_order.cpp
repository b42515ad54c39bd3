// Reads the order of mechanisms; see mechanism_order.hpp.
#include "routing/mechanism_order.hpp"

#include <algorithm>

#include "base/lines.hpp"
#include "base/text.hpp"
#include "routing/check.hpp"
#include "routing/control_lines.hpp"

namespace tern::routing {
namespace {

constexpr std::string_view file = "control/authmechanisms";

constexpr std::string_view names_none =
    "the file names no mechanism that qmail-remote knows (these are SCRAM-SHA-256-PLUS, "
    "SCRAM-SHA-1-PLUS, SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, PLAIN, LOGIN, OAUTHBEARER and "
    "XOAUTH2)";

// Hands over each name with the number of its line.
template <class Take>
void each_name(std::string_view content, Take take) {
    constexpr std::string_view separators = " \t\r,";
    for (Lines lines(content); lines.next();) {
        std::string_view rest = lines.line();
        if (is_blank_or_comment(rest)) continue;
        for (std::string_view name = next_word(rest, separators); !name.empty();
             name = next_word(rest, separators))
            take(name, lines.number());
    }
}

bool has(const std::vector<sasl::Mechanism>& order, sasl::Mechanism mechanism) {
    return std::ranges::find(order, mechanism) != order.end();
}

}  // namespace

Result<std::vector<sasl::Mechanism>> read_mechanism_order(
    const std::optional<std::string>& content) {
    std::vector<sasl::Mechanism> order;
    if (!content) return order;
    each_name(*content, [&order](std::string_view name, std::size_t) {
        const std::optional<sasl::Mechanism> mechanism = sasl::mechanism_of(name);
        if (mechanism && !has(order, *mechanism)) order.push_back(*mechanism);
    });
    if (order.empty())
        return fail(Stage::start, Cause::control_file, concat(file, ": ", names_none));
    return order;
}

std::vector<Mistake> check_authmechanisms(std::string_view content) {
    MistakeList mistakes(file);
    std::vector<sasl::Mechanism> order;
    each_name(content, [&](std::string_view name, std::size_t line) {
        const std::optional<sasl::Mechanism> mechanism = sasl::mechanism_of(name);
        if (!mechanism)
            mistakes.add_ignored(line, concat(in_quotes(name),
                                              " is not a mechanism that "
                                              "qmail-remote knows and is ignored"));
        else if (has(order, *mechanism))
            mistakes.add_ignored(line, concat(sasl::name_of(*mechanism),
                                              " is already in the list (remove one of the two)"));
        else order.push_back(*mechanism);
    });
    if (order.empty()) mistakes.add_deferring(0, std::string(names_none));
    return mistakes.take();
}

}  // namespace tern::routing

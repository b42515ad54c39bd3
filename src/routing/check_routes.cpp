// The mistakes in the files of routes; see check.hpp.
#include "base/lines.hpp"
#include "base/text.hpp"
#include "routing/check.hpp"
#include "routing/control_lines.hpp"
#include "routing/relay_list.hpp"
#include "routing/route_file.hpp"

namespace tern::routing {
namespace {

class Checker {
public:
    Checker(std::string_view file, Keys keys, Protocol protocol, std::string_view content)
        : content_(content),
          keys_(keys),
          protocol_(protocol),
          deciding_(content, keys),
          mistakes_(file) {}

    std::vector<Mistake> check() {
        for (Lines lines(content_); lines.next();) check_line(lines.line(), lines.number());
        return mistakes_.take();
    }

private:
    void check_line(std::string_view line, std::size_t number) {
        if (is_blank_or_comment(line)) return;
        const std::optional<RouteLine> route = split_route(line, number, keys_);
        if (!route)
            return mistakes_.add_ignored(
                number, concat("the line has no colon and is ignored (write ",
                               keys_ == Keys::senders ? "sender" : "domain", ":relay)"));
        const auto wrong_key = what_is_wrong_with_key(route->key, keys_);
        if (wrong_key) mistakes_.add_ignored(number, *wrong_key);
        const std::size_t deciding = deciding_.number_for(*route);
        check_value(*route, deciding == number && !wrong_key);
        if (deciding != number) mistakes_.add_overridden(number, deciding);
    }

    void check_value(const RouteLine& route, bool decides) {
        const auto list = parse_relay_list(route.value, relay_defaults(protocol_));
        if (!list && decides) mistakes_.add_deferring(route.number, list.error());
        else if (!list) mistakes_.add_ignored(route.number, list.error());
        else if (!list->ignored.empty())
            mistakes_.add_ignored(route.number, list->ignored, list->ignored_login);
    }

    std::string_view content_;
    Keys keys_;
    Protocol protocol_;
    DecidingLines deciding_;
    MistakeList mistakes_;
};

// Why a file of this name in smtproutes.d would never be read.
std::optional<std::string> what_is_wrong_with_name(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    if (name == "default") return std::nullopt;
    const std::string_view prefix = name.starts_with("*.") ? "*." : "";
    const std::string_view written = name.substr(prefix.size());
    const auto domain = dns::Domain::parse(written);
    if (!domain || IpAddress::parse(written))
        return "no mail matches this file name (use a domain, *.domain or default)";
    if (domain->ascii() == written) return std::nullopt;
    return concat("no mail matches this file name (rename it to ", prefix, domain->ascii(), ")");
}

}  // namespace

std::vector<Mistake> check_smtproutes(std::string_view content) {
    return Checker("control/smtproutes", Keys::domains, Protocol::smtp, content).check();
}

std::vector<Mistake> check_qmtproutes(std::string_view content) {
    return Checker("control/qmtproutes", Keys::domains, Protocol::qmtp, content).check();
}

std::vector<Mistake> check_authsenders(std::string_view content) {
    return Checker("control/authsenders", Keys::senders, Protocol::smtp, content).check();
}

std::vector<Mistake> check_route_file(const RouteFiles::OfDomain& file) {
    std::vector<Mistake> mistakes = parse_route_file(file).mistakes;
    if (auto what = what_is_wrong_with_name(file.path))
        mistakes.insert(mistakes.begin(), Mistake{Origin{file.path, 0}, std::move(*what), false});
    return mistakes;
}

}  // namespace tern::routing

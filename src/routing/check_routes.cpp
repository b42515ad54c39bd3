// Every mistake in the files of routes, by the parsers that find_route() uses; see way.hpp.
#include <unordered_map>

#include "base/text.hpp"
#include "routing/control_lines.hpp"
#include "routing/relay_list.hpp"
#include "routing/route_file.hpp"
#include "routing/route_line.hpp"

namespace tern::routing {
namespace {

struct Kind {
    std::string_view file;
    Keys keys;
    Protocol protocol;
};

class Checker {
public:
    explicit Checker(const Kind& kind) : kind_(kind) {}

    std::vector<Mistake> check(std::string_view content) {
        for (ControlLines lines(content); lines.next();)
            if (const auto route = split_route(lines.line(), lines.number(), kind_.keys))
                last_[canonical_key(route->key, kind_.keys)] = lines.number();
        for (ControlLines lines(content); lines.next();) check_line(lines.line(), lines.number());
        return std::move(mistakes_);
    }

private:
    void note(std::size_t line, std::string what, bool defers = false, bool grave = false) {
        mistakes_.push_back(
            Mistake{Origin{std::string(kind_.file), line}, std::move(what), defers, grave});
    }

    void check_line(std::string_view line, std::size_t number) {
        if (says_nothing(line)) return;
        const std::optional<RouteLine> route = split_route(line, number, kind_.keys);
        if (!route)
            return note(number, text("the line has no colon and is ignored (write ",
                                     kind_.keys == Keys::senders ? "sender" : "domain", ":relay)"));
        const std::size_t last = last_[canonical_key(route->key, kind_.keys)];
        const auto wrong_key = what_is_wrong_with_key(route->key, kind_.keys);
        if (wrong_key) note(number, *wrong_key);
        const auto list = parse_relay_list(route->value, terms_of(kind_.protocol));
        if (!list) note(number, list.error(), last == number && !wrong_key);
        else if (!list->ignored.empty()) note(number, list->ignored, false, list->ignored_login);
        if (last != number)
            note(number, text("line ", last, " matches the same mail and overrides it (remove one "
                                             "of the two)"));
    }

    Kind kind_;
    std::unordered_map<std::string, std::size_t> last_;  // lines by what their keys mean
    std::vector<Mistake> mistakes_;
};

// Which name of smtproutes.d would never be asked for, and why.
std::optional<std::string> what_is_wrong_with_name(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    if (name == "default") return std::nullopt;
    const std::string_view prefix = name.starts_with("*.") ? "*." : "";
    const std::string_view written = name.substr(prefix.size());
    const auto domain = dns::Domain::parse(written);
    if (!domain || IpAddress::parse(written))
        return "no mail matches this file name (use a domain, *.domain or default)";
    if (domain->ascii() == written) return std::nullopt;
    return text("no mail matches this file name (rename it to ", prefix, domain->ascii(), ")");
}

}  // namespace

std::vector<Mistake> check_smtproutes(std::string_view content) {
    return Checker({"control/smtproutes", Keys::domains, Protocol::smtp}).check(content);
}

std::vector<Mistake> check_qmtproutes(std::string_view content) {
    return Checker({"control/qmtproutes", Keys::domains, Protocol::qmtp}).check(content);
}

std::vector<Mistake> check_authsenders(std::string_view content) {
    return Checker({"control/authsenders", Keys::senders, Protocol::smtp}).check(content);
}

std::vector<Mistake> check_route_file(const RouteFiles::OfDomain& file) {
    std::vector<Mistake> mistakes = parse_route_file(file).mistakes;
    if (auto what = what_is_wrong_with_name(file.path))
        mistakes.insert(mistakes.begin(), Mistake{Origin{file.path, 0}, std::move(*what), false});
    return mistakes;
}

}  // namespace tern::routing

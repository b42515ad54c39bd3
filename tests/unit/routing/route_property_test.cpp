// Random files of routes against models that are slow and plain: which line decides, that no line
// changed its meaning, and that the checks name each line that would defer mail.
#include <gmock/gmock.h>

#include <map>
#include <random>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "unit/routing/routes.hpp"

namespace tern::routing {
namespace {

using Words = std::vector<std::string_view>;

class Dice {
public:
    explicit Dice(unsigned seed) : engine_(seed) {}
    std::size_t below(std::size_t count) {
        return std::uniform_int_distribution<std::size_t>(0, count - 1)(engine_);
    }
    std::string_view one_of(const Words& words) {
        return words[below(words.size())];
    }
    std::string some_of(const Words& words, std::size_t most) {
        std::string all;
        for (std::size_t left = below(most + 1); left > 0; --left) all += one_of(words);
        return all;
    }

private:
    std::mt19937 engine_;
};

constexpr unsigned seeds = 20000;

const Words hosts{"x.net",  "a.x.net",   "b.a.x.net", "X.Net", "net",     "y.org.",
                  "[::1]",  "[1.2.3.4]", "x",         "!@",    "",        ".x.net",
                  "a.b.c.d.e.f.g.h.i.x.net", "Mail.Example.org", "mail.example.org"};
const Words host_keys{"x.net",  ".x.net", "a.X.net", ".net",    "net",  "",
                      "!@",     "y.org",  "[::1]",   ".",       "x",    "[1.2.3.4]",
                      "[",      "*.net",  " x.net",  "#x.net",  "y.org.", "b.a.x.net",
                      ".i.x.net", "mail.EXAMPLE.org", ".Example.org", "mail.examp1e.org"};
const Words senders{"bob@x.net",  "b.o.b@a.x.net", "BOB@X.NET", "",          "#@[]",
                    "a:b@x.net",  "bob@[::1]",     "bob",       "bob@x.net."};
const Words sender_keys{"bob@x.net", "@x.net", ".net", ".x.net",    "@a.x.net",
                        ".o.b@a.x.net", "",    "bob",  "@[]",       "@[::1]",
                        "bob@[::1]", "\"a:b\"@x.net", "\"bob\"@x.net", "#", "\"", "@", "x.net"};
const Words pieces{"a",   "b.c",     ":", ":26", ";27", ",",     " ",  "/mx", "[::1]",
                   "::1", "1.2.3.4", "[", "]",   "|",   "|j|s", "x:", "0",   "\t"};

// A relay list that is as often right as wrong.
std::string random_value(Dice& dice) {
    if (dice.below(4) == 0) return dice.some_of(pieces, 6);
    return std::string(
        dice.one_of({"a", "b:26", "[::1]:27", "a,b", "a:", "", "a|j|s", "a b", "c/mx"}));
}

std::string random_file(Dice& dice, const Words& keys) {
    std::string content;
    for (std::size_t left = dice.below(8); left > 0; --left) {
        content += dice.one_of(keys);
        if (dice.below(12) != 0) content += ':';
        content += random_value(dice);
        if (left > 1 || dice.below(2) == 0) content += dice.below(6) == 0 ? " \r\n" : "\n";
    }
    return content;
}

std::vector<std::string> lines_of(std::string_view content) {
    std::vector<std::string> lines;
    while (!content.empty()) {
        const std::string_view line = content.substr(0, content.find('\n'));
        lines.emplace_back(line);
        content.remove_prefix(std::min(content.size(), line.size() + 1));
    }
    return lines;
}

/// The value and the number of a line.
struct Entry {
    std::string value;
    std::size_t number = 0;
};

// The last line of each key, by qmail-control(5) and the manual.
std::map<std::string, Entry> model_of_smtproutes(std::string_view content) {
    std::map<std::string, Entry> entries;
    std::size_t number = 0;
    for (const std::string& line : lines_of(content)) {
        ++number;
        if (line.starts_with('#')) continue;
        std::size_t colon = line.find(':');
        if (line.starts_with('[') && line.find("]:") != line.npos) colon = line.find("]:") + 1;
        if (colon == line.npos) continue;
        std::string value = line.substr(colon + 1);
        while (!value.empty() && std::string(" \t\r").find(value.back()) != std::string::npos)
            value.pop_back();
        entries[lower(line.substr(0, colon))] = Entry{value, number};
    }
    return entries;
}

std::optional<Entry> model_decides(std::string_view content, std::string host, bool null_sender) {
    const std::map<std::string, Entry> entries = model_of_smtproutes(content);
    if (host.size() > 1 && host.ends_with('.')) host.pop_back();
    host = lower(host);
    if (null_sender && entries.contains("!@")) return entries.at("!@");
    if (host != "!@" && entries.contains(host)) return entries.at(host);
    for (std::size_t at = 0; at < host.size(); ++at)
        if (host[at] == '.')
            if (const auto found = entries.find(host.substr(at)); found != entries.end())
                return found->second;
    if (entries.contains("")) return entries.at("");
    return std::nullopt;
}

// The number of the line that decided, whether it is well-formed or not.
std::size_t line_of(const Result<Route>& route) {
    if (route) return route->origin.line;
    const std::string_view detail = route.error().detail;
    constexpr std::string_view mark = ", line ";
    const std::size_t at = detail.find(mark);
    return at == detail.npos
               ? 0
               : static_cast<std::size_t>(
                     leading_number(detail.substr(at + mark.size()), 1000).value_or(0));
}

TEST(RouteProperties, TheModelsLineDecides) {
    std::size_t decided = 0;
    for (unsigned seed = 0; seed < seeds; ++seed) {
        Dice dice(seed);
        RouteFiles files;
        files.smtproutes = random_file(dice, host_keys);
        const std::string host(dice.one_of(hosts));
        const std::string sender(dice.one_of({"", "bob@x.net"}));
        const Result<Route> route = find_route(files, host, sender);
        const std::optional<Entry> entry =
            model_decides(files.smtproutes, host, sender.empty());
        ASSERT_EQ(line_of(route), entry ? entry->number : 0)
            << "seed " << seed << ", host " << host << ":\n" << files.smtproutes;
        if (!entry) continue;
        ++decided;
        // What it says does not depend on its place.
        RouteFiles alone;
        alone.smtproutes = ":" + entry->value;
        const Result<Route> same = find_route(alone, "z", "bob@x.net");
        ASSERT_EQ(route.has_value(), same.has_value()) << "seed " << seed;
        if (!route) continue;
        ASSERT_EQ(shown(route), shown(same)) << "seed " << seed;
    }
    EXPECT_GT(decided, seeds / 4);
}

TEST(RouteProperties, TheModelsSenderDecides) {
    std::size_t decided = 0;
    for (unsigned seed = 0; seed < seeds; ++seed) {
        Dice dice(seed);
        RouteFiles files;
        // Keys whose colons the model need not know of.
        files.authsenders = random_file(dice, {"bob@x.net", "@X.net", ".net", ".x.net", "@a.x.net",
                                               ".o.b@a.x.net", "", "bob", "#", "@[]", "x.net"});
        std::string sender(dice.one_of(senders));
        const Result<Route> route = find_route(files, "x.net", sender);
        const std::map<std::string, Entry> entries = model_of_smtproutes(files.authsenders);
        if (sender.size() > 1 && sender.ends_with('.')) sender.pop_back();
        sender = lower(sender);
        // An empty value leaves the mail to the next file, and there is none.
        const auto decides = [](const Entry& entry) {
            return entry.value.empty() ? std::size_t(0) : entry.number;
        };
        std::size_t expected = entries.contains("") ? decides(entries.at("")) : 0;
        for (std::size_t at = sender.size(); at-- > 0;)
            if (at == 0 || sender[at] == '@' || sender[at] == '.')
                if (const auto found = entries.find(sender.substr(at)); found != entries.end())
                    expected = decides(found->second);
        ASSERT_EQ(line_of(route), expected)
            << "seed " << seed << ", sender " << sender << ":\n" << files.authsenders;
        if (expected != 0) ++decided;
    }
    EXPECT_GT(decided, seeds / 4);
}

// smtproutes as it was read before there were lists: a relay, `:port`, and whatever follows.
std::optional<std::string> relay_of_old(std::string_view relay) {
    if (relay.find('|') != relay.npos) return std::nullopt;
    std::string_view host = relay.substr(0, relay.find(':'));
    if (relay.starts_with('[')) {
        const std::size_t close = relay.find(']');
        if (close == relay.npos) return std::nullopt;
        host = relay.substr(0, close + 1);
    } else if (std::ranges::count(relay, ':') > 1 &&
               (IpAddress::parse(relay) || relay.find("::") != relay.npos)) {
        return std::nullopt;
    }
    std::uint64_t port = 25;
    if (const std::string_view tail = relay.substr(host.size()); !tail.empty()) {
        if (!tail.starts_with(':')) return std::nullopt;
        port = leading_number(tail.substr(1), 65536).value_or(0);
        if (port == 0 || port > 65535) return std::nullopt;
    }
    std::optional<IpAddress> address = IpAddress::parse(host);
    if (host.starts_with('[')) {
        address = IpAddress::parse_literal(host.substr(1, host.size() - 2));
        if (!address) return std::nullopt;
    }
    if (address) return concat('[', address->to_string(), "]:", port);
    const std::optional<dns::Domain> name = dns::Domain::parse(host);
    if (!name) return std::nullopt;
    return concat(name->ascii(), ":", port);
}

// contract.md#smtproutes: what follows a port was ignored, and two words log in now.
bool has_login(std::string_view value) {
    const std::size_t blank = value.find_first_of(" \t");
    if (blank == value.npos || blank == 0 || !is_digit(value[blank - 1])) return false;
    std::size_t words = 0;
    for (std::size_t at = blank; at < value.size(); ++at) {
        const bool begins = value[at] != ' ' && value[at] != '\t' &&
                            (value[at - 1] == ' ' || value[at - 1] == '\t');
        if (begins) ++words;
    }
    return words == 2;
}

bool has_comma_after_port(std::string_view relay) {
    const std::size_t close = relay.starts_with('[') ? relay.find(']') : 0;
    std::size_t at = relay.find(':', close);
    if (at == relay.npos) return false;
    while (++at < relay.size() && is_digit(relay[at])) continue;
    return at < relay.size() && relay[at] == ',';
}

TEST(RouteProperties, NoLineChangedItsMeaning) {
    std::size_t compared = 0;
    for (unsigned seed = 0; seed < 5 * seeds; ++seed) {
        Dice dice(seed);
        std::string relay = dice.some_of(pieces, 6);
        while (!relay.empty() && (relay.back() == ' ' || relay.back() == '\t')) relay.pop_back();
        const std::optional<std::string> old = relay_of_old(relay);
        if (!old || relay.empty() || has_comma_after_port(relay)) continue;
        if (has_login(relay)) continue;
        RouteFiles files;
        files.smtproutes = ":" + relay;
        ASSERT_EQ(shown(find_route(files, "x.net", "bob@x.net")), *old) << relay;
        ++compared;
    }
    EXPECT_GT(compared, seeds / 4);
}

bool names(const std::vector<Mistake>& mistakes, std::string_view what, std::size_t line) {
    return std::ranges::any_of(mistakes, [&](const Mistake& mistake) {
        return mistake.origin.line == line && mistake.what.find(what) != std::string::npos;
    });
}

// Beyond lines that defer mail the checks name those that never decide.
bool never_decides(const Mistake& mistake) {
    for (const char* words : {"overrides it", "no colon", "matches nothing", "is ignored"})
        if (mistake.what.find(words) != std::string::npos) return true;
    return false;
}

// `route` is that of mail which the line's own key is for.
void expect_check_agrees(const Result<Route>& route, const std::vector<Mistake>& mistakes,
                         const std::string& line) {
    const bool deferred = !route;
    ASSERT_EQ(deferred, !std::ranges::all_of(mistakes, never_decides)) << line;
    if (!deferred) return;
    const std::string& detail = route.error().detail;
    ASSERT_TRUE(names(mistakes, detail.substr(detail.find(": ") + 2), 1)) << line;
}

TEST(RouteProperties, TheChecksNameWhatDefers) {
    std::size_t deferred = 0;
    for (unsigned seed = 0; seed < seeds; ++seed) {
        Dice dice(seed);
        const std::string value = random_value(dice);
        RouteFiles files;
        const std::string key(dice.one_of({"x.net", "[::1]", "[1.2.3.4]", "net", "a.X.net"}));
        const std::string line = concat(key, ":", value);
        files.smtproutes = line;
        const Result<Route> route = find_route(files, key, "bob@x.net");
        expect_check_agrees(route, check_smtproutes(line), line);
        files = RouteFiles();
        files.qmtproutes = line;
        expect_check_agrees(find_route(files, key, "bob@x.net"), check_qmtproutes(line), line);
        files = RouteFiles();
        const std::string of_sender = concat("bob@", line);
        files.authsenders = of_sender;
        expect_check_agrees(find_route(files, "y", concat("bob@", key)),
                            check_authsenders(of_sender), of_sender);
        if (!route) ++deferred;
    }
    EXPECT_GT(deferred, seeds / 10);
}

// In whole files of any content: the line that defers a delivery is named.
TEST(RouteProperties, TheChecksNameTheLineThatDefersADelivery) {
    for (unsigned seed = 0; seed < seeds; ++seed) {
        Dice dice(seed);
        RouteFiles files;
        const std::size_t kind = dice.below(3);
        WipedText& content = kind == 0   ? files.smtproutes
                             : kind == 1 ? files.qmtproutes
                                         : files.authsenders;
        content = random_file(dice, kind == 2 ? sender_keys : host_keys);
        const Result<Route> route = find_route(files, dice.one_of(hosts), dice.one_of(senders));
        if (route) continue;
        const std::vector<Mistake> mistakes = kind == 0   ? check_smtproutes(content)
                                              : kind == 1 ? check_qmtproutes(content)
                                                          : check_authsenders(content);
        const std::string& detail = route.error().detail;
        ASSERT_TRUE(std::ranges::any_of(mistakes,
                                        [&detail](const Mistake& mistake) {
                                            return detail == concat(mistake.origin.to_string(),
                                                                    ": ", mistake.what);
                                        }))
            << "seed " << seed << ": " << detail << "\n"
            << content;
    }
}

}  // namespace
}  // namespace tern::routing

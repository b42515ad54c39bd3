// The whole table of the TLS decision: each combination of grounds is decided by exactly one row.
#include "policy/tls_policy.hpp"

#include <gtest/gtest.h>

#include <array>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.hpp"

namespace tern::policy {
namespace {

using Words = std::vector<std::string>;

// The columns: the file of the server, the line of tlsdestinations, what is spoken at which port,
// the route's user and password, where the server is, and what must be achieved. Cells hold
// alternatives; `any` is all of them, `-` that a file says nothing.
constexpr std::array table = {
    // file        line       spoken       login  server         requirement
    "-             -          smtp         no     any            opportunistic",
    "-             -          smtp         login  inside         opportunistic",
    "-             -          smtp         login  outside,bare   encrypted",
    "-             -          port465      any    any            opportunistic,implicit",
    "-             -          qmtp         any    any            none",
    "-             named      any          any    any            deferred-by-line",
    "-             general    any          any    any            deferred-by-line",
    "tlshosts      any        smtp         any    inside,outside verified",
    "tlshosts      any        port465      any    inside,outside verified,implicit",
    "tlshosts      any        qmtp         any    inside,outside deferred-for-qmtp",
    "notlshosts    any        smtp         no     inside,outside none-by-file",
    "notlshosts    any        smtp         login  inside         none-by-file",
    "notlshosts    any        smtp         login  outside        deferred-for-login",
    "notlshosts    any        port465      any    inside,outside none-by-file,implicit",
    "notlshosts    any        qmtp         any    inside,outside none",
    "exhaustive    -,general  smtp         no     inside,outside none-by-file",
    "exhaustive    -,general  smtp         login  inside         none-by-file",
    "exhaustive    -,general  smtp         login  outside        deferred-for-login",
    "exhaustive    -,general  port465      any    inside,outside none-by-file,implicit",
    "exhaustive    -,general  qmtp         any    inside,outside none",
    "exhaustive    named      any          any    inside,outside deferred-by-line",
};

const Words files = {"-", "tlshosts", "notlshosts", "exhaustive"};
const Words lines = {"-", "named", "general"};
const Words spoken = {"smtp", "port465", "qmtp"};
const Words logins = {"no", "login"};
const Words servers = {"inside", "outside", "bare"};  // bare: an address outside, without a name

constexpr std::string_view name = "mx.example";
constexpr std::string_view route = "control/smtproutes, line 3";

std::string origin_of(const std::string& file) {
    if (file == "tlshosts") return concat("control/tlshosts/", name, ".pem");
    if (file == "notlshosts") return concat("control/notlshosts/", name);
    return file == "exhaustive" ? "control/tlshosts/exhaustivelist" : "";
}

tls::Requirement rule_of(const std::string& file) {
    if (file == "tlshosts")
        return tls::Requirement::verified(origin_of(file), std::string(name));
    return file == "-" ? tls::Requirement::opportunistic()
                       : tls::Requirement::none(origin_of(file));
}

Grounds grounds_of(const Words& combination) {
    Grounds grounds;
    grounds.file_rule = rule_of(combination[0]);
    if (combination[1] == "named")
        grounds.destination = DestinationLine{7, "\"-mx.example\"", "requires TLS", false};
    if (combination[1] == "general")
        grounds.destination = DestinationLine{8, "\"-*\"", "requires TLS", true};
    grounds.speaks_qmtp = combination[2] == "qmtp";
    grounds.endpoint = Endpoint{*IpAddress::parse("192.0.2.1"),
                              std::uint16_t(combination[2] == "port465" ? 465 : 25)};
    grounds.has_credentials = combination[3] == "login";
    grounds.is_inside_this_host = combination[4] == "inside";
    if (combination[4] != "bare") grounds.server_name = name;
    grounds.route = route;
    return grounds;
}

std::string line_words(const Words& combination) {
    return concat("control/tlsdestinations, ",
                  combination[1] == "named" ? "line 7 (\"-mx.example\")" : "line 8 (\"-*\")",
                  ", requires TLS for ", combination[4] == "bare" ? "192.0.2.1" : name,
                  ", and this version of qmail-remote does not support that file; the mail is "
                  "deferred so that it is not sent with less than the line asks for");
}

Result<tls::Requirement> value_of(std::string word, const Words& combination) {
    constexpr std::string_view mark = ",implicit";
    const bool implicit = word.ends_with(mark);
    if (implicit) word.resize(word.size() - mark.size());
    const auto deferred = [](std::string words) {
        return fail(Stage::routing, Cause::control_file, std::move(words));
    };
    const std::string by = origin_of(combination[0]);
    if (word == "deferred-by-line") return deferred(line_words(combination));
    if (word == "deferred-for-qmtp")
        return deferred(concat(by, " requires TLS for ", name, ", but ", route,
                               " sends this mail there by QMTP, which has no TLS"));
    if (word == "deferred-for-login")
        return deferred(
            concat(by, " excludes TLS for ", name, ", but ", route,
                   " has a user and password for it, which are never sent without TLS"));
    tls::Requirement made;
    if (word == "none") made = tls::Requirement::none();
    else if (word == "none-by-file") made = tls::Requirement::none(by);
    else if (word == "verified") made = tls::Requirement::verified(by, std::string(name));
    else if (word == "encrypted")
        made = tls::Requirement::encrypted(concat(route, " (its user and password)"));
    else EXPECT_EQ(word, "opportunistic");
    return implicit ? tls::Requirement::from_first_byte(std::move(made)) : made;
}

Words cells_of(const std::string& row) {
    std::istringstream stream(row);
    Words cells;
    for (std::string cell; stream >> cell;) cells.push_back(cell);
    return cells;
}

bool has(const std::string& cell, const std::string& value) {
    return cell == "any" ||
           concat(",", cell, ",").find(concat(",", value, ",")) != std::string::npos;
}

std::vector<Words> all_combinations() {
    std::vector<Words> all;
    for (const std::string& file : files)
        for (const std::string& line : lines)
            for (const std::string& speech : spoken)
                for (const std::string& login : logins)
                    for (const std::string& server : servers)
                        // The files of servers go by names.
                        if (server != "bare" || file == "-")
                            all.push_back({file, line, speech, login, server});
    return all;
}

TEST(TlsPolicy, EachCombinationIsDecidedByOneRow) {
    std::array<unsigned, table.size()> used{};
    for (const Words& combination : all_combinations()) {
        std::string told;
        for (const std::string& value : combination) told += value + " ";
        SCOPED_TRACE(told);
        std::size_t rows = 0;
        for (std::size_t i = 0; i < table.size(); ++i) {
            const Words cells = cells_of(table[i]);
            ASSERT_EQ(cells.size(), combination.size() + 1) << table[i];
            bool matches = true;
            for (std::size_t column = 0; column < combination.size(); ++column)
                matches = matches && has(cells[column], combination[column]);
            if (!matches) continue;
            ++rows;
            ++used.at(i);
            EXPECT_EQ(decide(grounds_of(combination)), value_of(cells.back(), combination));
        }
        EXPECT_EQ(rows, 1U);
    }
    for (std::size_t i = 0; i < table.size(); ++i) EXPECT_GT(used.at(i), 0U) << table[i];
}

TEST(TlsPolicy, IsWhatTheSameGroundsSayWhereTheLineIsNotAskedFor) {
    for (const Words& combination : all_combinations()) {
        Grounds grounds = grounds_of(combination);
        if (!decides_alone(grounds.file_rule)) continue;
        EXPECT_NE(combination[0], "-");
        EXPECT_NE(combination[0], "exhaustive");
        Grounds without = grounds;
        without.destination.reset();
        EXPECT_EQ(decide(std::move(grounds)), decide(std::move(without)));
    }
}

TEST(TlsPolicy, IsInsideThisHostByWhatTheOperatorWroteAlone) {
    struct Row {
        std::string_view name;
        std::vector<std::string_view> addresses;
        bool inside;
    };
    const std::vector<Row> rows = {
        {"", {"127.0.0.1"}, true},
        {"", {"::1"}, true},
        {"", {"0.0.0.0"}, true},
        {"", {"192.0.2.1"}, false},
        {"localhost", {"127.0.0.1", "::1"}, true},
        {"relay.localhost", {"127.0.0.2"}, true},
        {"localhost", {"127.0.0.1", "192.0.2.1"}, false},
        {"localhost.example", {"127.0.0.1"}, false},
        {"notlocalhost", {"127.0.0.1"}, false},
        {"mx.example", {"127.0.0.1"}, false},
    };
    for (const Row& row : rows) {
        std::vector<Endpoint> endpoints;
        for (const std::string_view address : row.addresses)
            endpoints.push_back(Endpoint{*IpAddress::parse(address)});
        EXPECT_EQ(is_inside_this_host(row.name, endpoints), row.inside) << row.name;
    }
}

}  // namespace
}  // namespace tern::policy

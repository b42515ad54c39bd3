// The route: smtproutes, qmtproutes, authsenders and smtproutes.d, and what their checks say.
#include "routing/route.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "base/text.hpp"
#include "unit/routing/routes.hpp"
#include "routing/check.hpp"

namespace tern::routing {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* alice = "alice@sender.example";

std::string by_smtproutes(std::string_view content, std::string_view host,
                          std::string_view sender = alice) {
    RouteFiles files;
    files.smtproutes = content;
    return shown(find_route(files, host, sender));
}

std::string by_authsenders(std::string_view content, std::string_view sender) {
    RouteFiles files;
    files.authsenders = content;
    return shown(find_route(files, "x.net", sender));
}

RouteFiles::OfDomain file_of(std::string_view content, const char* name = "x.net") {
    return RouteFiles::OfDomain{concat("control/smtproutes.d/", name), WipedText(content)};
}

Result<Route> way_by_file(std::string_view content) {
    RouteFiles files;
    files.of_domain = file_of(content);
    return find_route(files, "x.net", alice);
}

std::vector<std::string> says(const std::vector<Mistake>& mistakes) {
    std::vector<std::string> all;
    for (const Mistake& mistake : mistakes)
        all.push_back(concat(mistake.origin.line, ": ", mistake.what));
    return all;
}

struct Row {
    const char* content;
    const char* of;  // the host, or the sender
    const char* expected;
};

TEST(Smtproutes, TheLineThatDecides) {
    const std::vector<Row> rows{
        {"", "example.net", "MX"},
        {"example.net:relay", "example.net", "relay:25"},
        {"example.net:relay", "EXAMPLE.NET.", "relay:25"},
        {"Example.Net:relay", "example.net", "relay:25"},
        {"example.net:relay", "sub.example.net", "MX"},
        {"example.net:relay", "anexample.net", "MX"},
        {".af.mil:relay", "af.mil", "MX"},
        {".af.mil:relay", "a.b.af.mil", "relay:25"},
        {".mil:a\n.af.mil:b", "x.af.mil", "b:25"},
        {".af.mil:b\n.mil:a", "x.af.mil", "b:25"},
        {":all", "[192.0.2.1]", "all:25"},
        {":all\nexample.net:", "example.net", "MX"},
        {".af.mil:\n:heaven.af.mil", "x.af.mil", "MX"},
        {".af.mil:\n:heaven.af.mil", "af.mil", "heaven.af.mil:25"},
        {"x.net:a\nx.net:b", "x.net", "b:25"},
        {":a\n:b", "x.net", "b:25"},
        {"no colon here\nx.net:a", "x.net", "a:25"},
        {"#x.net:a", "x.net", "MX"},
        {"\n\nx.net:a  \t\r\n", "x.net", "a:25"},
        {"[192.0.2.1]:a", "[192.0.2.1]", "a:25"},
        {"[2001:db8::1]:a:26", "[2001:db8::1]", "a:26"},
        {"[2001:db8::1:a:26", "x.net", "MX"},
        {"x.net:a:smtp", "y.net", "MX"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(by_smtproutes(row.content, row.of), row.expected)
            << row.content << "  " << row.of;
}

TEST(Smtproutes, Relays) {
    const std::vector<std::pair<const char*, const char*>> rows{
        {"a", "a:25"},
        {"RELAY.Example.", "relay.example:25"},
        {"a:26", "a:26"},
        {"a;26", "a:26"},
        {"a:465", "a:465"},
        {"a:26 user", "a:26"},
        {"a:26 user,x", "a:26"},
        {"a:26 , b", "a:26"},
        {"a:26:x", "a:26"},
        {"a:26x", "a:26"},
        {"192.0.2.1", "[192.0.2.1]:25"},
        {"[192.0.2.1]:26", "[192.0.2.1]:26"},
        {"[192.0.2.1];26", "[192.0.2.1]:26"},
        {"[2001:db8::1]", "[2001:db8::1]:25"},
        {"[IPv6:2001:db8::1]:26", "[2001:db8::1]:26"},
        {"a,b", "a:25 b:25"},
        {"a , b\t,  c", "a:25 b:25 c:25"},
        {"a:26,b;27,[2001:db8::1]:28,192.0.2.1", "a:26 b:27 [2001:db8::1]:28 [192.0.2.1]:25"},
        {"a:26,b:27 user", "a:26 b:27"},
        {"a/mx", "a/mx:25"},
        {"a/MX:26,b", "a/mx:26 b:25"},
        {"a|joe|sesame", "a:25 as joe with sesame"},
        {"a:587,b:465|joe|ses|a:me ", "a:587 b:465 as joe with ses|a:me"},
        {"a:26 tail|joe|sesame", "a:26 as joe with sesame"},
        {"a |joe|x", "a:25 as joe with x"},
        {"a|joe@x.net|token:/etc/token", "a:25 as joe@x.net with the token of /etc/token"},
        // A user and password after a port and blanks.
        {"a:587 joe sesame", "a:587 as joe with sesame"},
        {"a:587\tjoe\tsesame", "a:587 as joe with sesame"},
        {"a:587  joe \t sesame", "a:587 as joe with sesame"},
        {"a;587 joe sesame", "a:587 as joe with sesame"},
        {"[2001:db8::1]:587 joe sesame", "[2001:db8::1]:587 as joe with sesame"},
        {"[192.0.2.1];587 joe sesame", "[192.0.2.1]:587 as joe with sesame"},
        {"a/mx:587 joe sesame", "a/mx:587 as joe with sesame"},
        {"a,b:465,c:587 joe@x.net a+/=%,:b", "a:25 b:465 c:587 as joe@x.net with a+/=%,:b"},
        {"a:587 joe token:/etc/token", "a:587 as joe with the token of /etc/token"},
        {"a:587 joe ses|a|me", "a:587 as joe with ses|a|me"},
        {"a:587 joe ses|ame", "a:587 as joe with ses|ame"},
        // One word or three are none, nor is what was written with bars or goes on as a list.
        {"a:587 joe sesame env", "a:587"},
        {"a:587 joe sesame,b:25 x y", "a:587"},
        {"a:587x joe sesame", "a:587"},
        {"a:587:joe sesame", "a:587"},
        {"a:26 tail|joe|ses ame", "a:26 as joe with ses ame"},
        {"a:26 tail |joe|sesame", "a:26 as joe with sesame"},
        {"a:26 |joe|ses ame", "a:26 as joe with ses ame"},
        {"a:587 joe sesame more|ann|x", "a:587 as ann with x"},
    };
    for (const auto& [value, expected] : rows)
        EXPECT_EQ(by_smtproutes(concat("x.net:", value), "x.net"), expected) << value;
}

// For words after a port that are ignored the check says what to write.
TEST(Smtproutes, WhatIsIgnoredAfterAPort) {
    const std::vector<std::pair<const char*, const char*>> rows{
        {"a:587 sesame", "1: the word after port 587 is ignored (write relay:port|user|password"},
        {"a:587 joe sesame env", "1: what follows port 587 is ignored, as it is 3 words and not"},
        {"a:587 , b", "1: the list after port 587 is ignored (remove the blank before the comma)"},
        {"a:587x joe sesame", "1: the text right after port 587 is ignored"},
        {"a:587:joe:sesame", "1: the text right after port 587 is ignored"},
        {"b,a;26 sesame|joe|x", "1: the word after port 26 is ignored"},
    };
    for (const auto& [value, what] : rows) {
        const std::vector<Mistake> mistakes = check_smtproutes(concat("x.net:", value));
        EXPECT_THAT(says(mistakes), testing::ElementsAre(StartsWith(what))) << value;
        EXPECT_FALSE(mistakes.empty() || mistakes.front().defers) << value;
        EXPECT_THAT(says(check_authsenders(concat("@x.net:", value))),
                    testing::ElementsAre(StartsWith(what)));
        const RouteFiles::OfDomain file = file_of(concat("relay=", value));
        EXPECT_THAT(says(check_route_file(file)), testing::ElementsAre(StartsWith(what)));
        EXPECT_TRUE(way_by_file(file.content)) << value;
    }
    EXPECT_THAT(says(check_qmtproutes("x.net:a:26 joe sesame")),
                testing::ElementsAre(StartsWith("1: the text after port 26 is ignored (QMTP has")));
    EXPECT_THAT(check_smtproutes("x.net:a:587 joe sesame"), IsEmpty());
}

TEST(Smtproutes, Malformed) {
    const std::vector<std::pair<const char*, const char*>> rows{
        {"2001:db8::1", "write [2001:db8::1]"},
        {"2001:db8::1,b", "write [2001:db8::1]"},
        {"b,2001:db8::1", "write [2001:db8::1]"},
        {"2001:db8:0:0:0:0:0:1", "without brackets (write ["},
        {"a::b", "without brackets"},
        {"relay::26", "must be in brackets"},
        {"a:", "port"},
        {"a;", "port"},
        {"a:smtp", "the port after \"a\" is not a number from 1 to 65535"},
        {"a:0", "port"},
        {"a:65536", "port"},
        {"a:99999999999999999999999", "port"},
        {"[192.0.2.1", "closing bracket"},
        {"[192.0.2.1,b]", "is not an IP address"},
        {"[x]", "is not an IP address"},
        {"[192.0.2.1]x", "\"[192.0.2.1]\" is followed by neither a port nor a comma"},
        {"[192.0.2.1]/mx", "no MX"},
        {"192.0.2.1/mx", "no MX"},
        {"a b", "contains a blank (separate relays with commas, and write relay:port|user"},
        {" a", "a blank precedes the relay"},
        {"a..b", "neither a host name"},
        {"/mx", "neither a host name"},
        {"a/mx/mx", "neither a host name"},
        {"a/25", "neither a host name"},
        {"a,", "missing"},
        {"a:26,", "missing"},
        {",a", "missing"},
        {"a,,b", "missing"},
        {"a,b:smtp", "the port after \"b\""},
        {"|joe|sesame", "without a relay"},
        {" |joe|sesame", "without a relay"},
        {"a|joe", "a user has no password"},
        {"a||sesame", "user name is empty"},
        {"a|joe|", "password is empty"},
        {"a|j\001oe|x", "control"},
        {"a:587 j\001oe x", "control"},
        {"a joe sesame", "write relay:port|user|password"},
        {"a|j\001oe|token:/etc/token", "control"},
    };
    for (const auto& [value, why] : rows) {
        const std::string line = concat("x.net:", value);
        EXPECT_THAT(by_smtproutes(line, "x.net"),
                    testing::AllOf(StartsWith("control/smtproutes, line 1: "), HasSubstr(why)))
            << value;
        EXPECT_EQ(by_smtproutes(line, "y.net"), "MX");
    }
}

TEST(Smtproutes, AHostBeyondAsciiHasTwoForms) {
    const std::string host = "b\xc3\xbc" "cher.example";
    EXPECT_EQ(by_smtproutes(":a\nxn--bcher-kva.example:b", host), "b:25");
    EXPECT_EQ(by_smtproutes(":a\n" + host + ":b", host), "b:25");
    EXPECT_EQ(by_smtproutes(":a\n.example:b", host), "b:25");
    EXPECT_EQ(by_smtproutes(host + ":", host), "MX");
}

TEST(Smtproutes, TheNullSenderHasItsOwnLine) {
    const char* const content = "!@:bounces\nx.net:a\n:b";
    EXPECT_EQ(by_smtproutes(content, "x.net", ""), "bounces:25");
    EXPECT_EQ(by_smtproutes(content, "y.net", ""), "bounces:25");
    EXPECT_EQ(by_smtproutes(content, "x.net"), "a:25");
    EXPECT_EQ(by_smtproutes(content, "!@"), "b:25");
    EXPECT_EQ(by_smtproutes("!@:\n:b", "x.net", ""), "MX");
    EXPECT_EQ(by_smtproutes("!@:a\n!@:b", "x.net", ""), "b:25");
    EXPECT_EQ(by_smtproutes(":a\n!@:b:smtp", "x.net"), "a:25");
    EXPECT_THAT(by_smtproutes(":a\n!@:b:smtp", "x.net", ""), HasSubstr("line 2"));
}

TEST(Authsenders, TheLineThatDecides) {
    const std::vector<Row> rows{
        {"bob@x.org:a", "bob@x.org", "a:25"},
        {"bob@x.org:a:587|joe|sesame", "BOB@X.ORG", "a:587 as joe with sesame"},
        {"bob@x.org:a", "bob@x.org.", "a:25"},
        {"bob@x.org:a", "jimbob@x.org", "MX"},
        {"@x.org:a", "bob@x.org", "a:25"},
        {"@x.org:a", "bob@y.x.org", "MX"},
        {".x.org:a", "bob@y.x.org", "a:25"},
        {".org:a\n@x.org:b", "bob@x.org", "b:25"},
        {"x.org:a", "bob@x.org", "MX"},
        {".smith@x.org:a\n@x.org:b", "bob.smith@x.org", "a:25"},
        {":a", "bob@x.org", "a:25"},
        {":a", "", "a:25"},
        {"@x.org:a", "", "MX"},
        {"!@:a", "", "MX"},
        {"@x.org:a\n@x.org:b", "bob@x.org", "b:25"},
        {"bob@[192.0.2.1]:a", "bob@[192.0.2.1]", "a:25"},
        {"bob@[IPv6:2001:db8::1]:a:26", "bob@[IPv6:2001:db8::1]", "a:26"},
        {"@[IPv6:2001:db8::1]:[2001:db8::2]:26", "bob@[IPv6:2001:db8::1]", "[2001:db8::2]:26"},
        {"bob@x.org:[2001:db8::2]:26", "bob@x.org", "[2001:db8::2]:26"},
        {"\"a:b\"@x.org:c", "a:b@x.org", "c:25"},
        {"\"a\\\"b\"@x.org:c", "a\"b@x.org", "c:25"},
        {"\"a b\"@[IPv6:::1]:c", "a b@[IPv6:::1]", "c:25"},
        {"\"a:x", "\"a", "x:25"},
        {"#@[]:a", "#@[]", "MX"},
        {"@[]:a", "#@[]", "a:25"},
        {"bob@x.org:\n:a", "bob@x.org", "MX"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(by_authsenders(row.content, row.of), row.expected)
            << row.content << "  " << row.of;
    EXPECT_THAT(by_authsenders("\n@x.org:|joe|sesame", "bob@x.org"),
                StartsWith("control/authsenders, line 2: "));
}

// A sender that is exempt from the lines for others: the next file decides.
TEST(Authsenders, AnEmptyValueGoesOnToTheNextFile) {
    RouteFiles files;
    files.authsenders = "user@client.example:\n@client.example:a\n:b\n.exempt.example: \t\n";
    files.smtproutes = "x.net:of-smtproutes";
    const auto route = [&files](std::string_view sender) {
        return shown(find_route(files, "x.net", sender));
    };
    EXPECT_EQ(route("user@client.example"), "of-smtproutes:25");
    EXPECT_EQ(route("other@client.example"), "a:25");
    EXPECT_EQ(route("x@mail.exempt.example"), "of-smtproutes:25");
    EXPECT_EQ(route(""), "b:25");
    files.qmtproutes = ":of-qmtproutes";
    EXPECT_EQ(route("user@client.example"), "QMTP of-qmtproutes:209");
    EXPECT_THAT(check_authsenders("user@client.example:\n:b"), IsEmpty());
}

TEST(Qmtproutes, Relays) {
    const auto route = [](std::string_view qmtproutes, std::string_view smtproutes) {
        RouteFiles files;
        files.qmtproutes = qmtproutes;
        files.smtproutes = smtproutes;
        return shown(find_route(files, "x.net", alice));
    };
    EXPECT_EQ(route("x.net:a", "x.net:b"), "QMTP a:209");
    EXPECT_EQ(route(":a;26,b/mx", "x.net:b"), "QMTP a:26 b/mx:209");
    EXPECT_EQ(route("x.net:\n:a", "x.net:b"), "b:25");
    EXPECT_EQ(route("x.net:\n:a", ""), "MX");
    EXPECT_EQ(route("y.net:a", ".net:b"), "b:25");
    EXPECT_THAT(route("x.net:a:qmtp", "x.net:b"), StartsWith("control/qmtproutes, line 1: "));
    EXPECT_THAT(route("x.net:a|joe|sesame", "x.net:b"), HasSubstr("QMTP has no authentication"));
    EXPECT_EQ(route("x.net:a:26 joe sesame", "x.net:b"), "QMTP a:26");
}

TEST(Routes, TheirPrecedence) {
    RouteFiles files;
    files.smtproutes = "x.net:of-smtproutes";
    const auto route = [&files] { return shown(find_route(files, "x.net", alice)); };
    EXPECT_EQ(route(), "of-smtproutes:25");
    files.qmtproutes = ":of-qmtproutes";
    EXPECT_EQ(route(), "QMTP of-qmtproutes:209");
    files.of_domain = file_of("relay=of-file");
    EXPECT_EQ(route(), "of-file:25");
    files.authsenders = ":of-authsenders";
    EXPECT_EQ(route(), "of-authsenders:25");
    files.authsenders = ":";
    EXPECT_EQ(route(), "of-file:25");
    files.authsenders = "bob@x.org:a:smtp";
    EXPECT_EQ(route(), "of-file:25");
}

TEST(Routes, TheirOrigin) {
    RouteFiles files;
    EXPECT_EQ(find_route(files, "x.net", alice)->origin, Origin());
    files.smtproutes = "\n:a";
    EXPECT_EQ(find_route(files, "x.net", alice)->origin.to_string(), "control/smtproutes, line 2");
    files.of_domain = file_of("#\noutgoingip=192.0.2.1");
    EXPECT_EQ(find_route(files, "x.net", alice)->origin.to_string(), "control/smtproutes.d/x.net");
    files.of_domain = file_of("#\nrelay=a");
    EXPECT_EQ(find_route(files, "x.net", alice)->origin.to_string(),
              "control/smtproutes.d/x.net, line 2");
}

TEST(RouteFileNames, FromTheDomainUp) {
    using Names = std::vector<std::string>;
    EXPECT_EQ(route_file_names("Foo.Example.NET."),
              (Names{"foo.example.net", "*.example.net", "*.net", "default"}));
    EXPECT_EQ(route_file_names("net"), (Names{"net", "default"}));
    EXPECT_EQ(route_file_names("default"), (Names{"default"}));
    EXPECT_EQ(route_file_names("b\xc3\xbc"
                               "cher.example"),
              (Names{"xn--bcher-kva.example", "*.example", "default"}));
    for (const char* host :
         {"192.0.2.1", "[192.0.2.1]", "[IPv6:::1]", "", ".", "a/b", "../x", "a..b"})
        EXPECT_EQ(route_file_names(host), (Names{"default"})) << host;
}

TEST(RouteFile, ItsKeys) {
    const Result<Route> route = way_by_file(
        "# the customer's own relay\n\n"
        " relay = a, b:26 \nPORT=587\nclientcert=control/x.pem\nclientkey= /etc/key.pem\n"
        "outgoingip=192.0.2.7\noutgoingip6=2001:db8::7\n");
    EXPECT_EQ(shown(route), "a:587 b:26");
    EXPECT_EQ(route->certificate_file, "control/x.pem");
    EXPECT_EQ(route->key_file, "/etc/key.pem");
    EXPECT_EQ(route->source_ipv4, IpAddress::parse("192.0.2.7"));
    EXPECT_EQ(route->source_ipv6, IpAddress::parse("2001:db8::7"));
    EXPECT_EQ(shown(way_by_file("")), "MX");
    EXPECT_EQ(shown(way_by_file("relay=")), "MX");
    EXPECT_EQ(shown(way_by_file("relay=a/mx|joe|ses=ame")), "a/mx:25 as joe with ses=ame");
    EXPECT_EQ(way_by_file("outgoingip=0.0.0.0")->source_ipv4, IpAddress());
    EXPECT_EQ(way_by_file("outgoingip6=[IPv6:2001:db8::7]")->source_ipv6,
              IpAddress::parse("2001:db8::7"));
}

TEST(RouteFile, Malformed) {
    const std::vector<std::pair<const char*, const char*>> rows{
        {"relay", "1: the line has no ="},
        {"=a", "1: \"\" is not a key"},
        {"host=a", "1: \"host\" is not a key"},
        {"rely|joe|sesame=a", "1: \"rely\" is not a key"},
        {"relay=a\nRelay=b", "2: relay is already set in line 1"},
        {"relay=a:smtp", "1: the port after \"a\""},
        {"\nport=26", "2: port is set without a relay"},
        {"relay=\nport=26", "2: port is set without a relay"},
        {"relay=a\nport=", "2: port is not a number"},
        {"relay=a\nport=26 ssl", "2: port is not a number"},
        {"relay=a\nport=0", "2: port is not a number"},
        {"clientcert=", "1: clientcert names no file"},
        {"clientcert=a\nclientkey=", "2: clientkey names no file"},
        {"clientkey=a", "1: clientkey is set without clientcert"},
        {"outgoingip=", "1: \"\" is not an IPv4 address"},
        {"outgoingip=2001:db8::1", "1: \"2001:db8::1\" is not an IPv4 address (use outgoingip6"},
        {"outgoingip6=192.0.2.1", "1: \"192.0.2.1\" is not an IPv6 address (use outgoingip "},
        {"outgoingip6=::ffff:192.0.2.1", "1: \"::ffff:192.0.2.1\" is not an IPv6 address"},
    };
    for (const auto& [content, what] : rows) {
        EXPECT_THAT(says(check_route_file(file_of(content))),
                    testing::ElementsAre(StartsWith(what)))
            << content;
        const Result<Route> route = way_by_file(content);
        ASSERT_FALSE(route) << content;
        EXPECT_THAT(route.error().detail, StartsWith("control/smtproutes.d/x.net, line "));
        EXPECT_EQ(route.error().cause, Cause::control_file);
    }
}

TEST(RouteFile, ItsName) {
    for (const char* name : {"x.net", "*.x.net", "*.net", "default", "xn--bcher-kva.example"})
        EXPECT_THAT(check_route_file(file_of("relay=a", name)), IsEmpty()) << name;
    for (const char* name :
         {"X.net", "x.net.", "*", "*.", "*.*.net", "a*.net", "192.0.2.1", "x net"})
        EXPECT_THAT(says(check_route_file(file_of("relay=a", name))),
                    testing::ElementsAre(StartsWith("0: no mail matches this file name")))
            << name;
}

TEST(Checks, OfWhatNeverDecides) {
    EXPECT_THAT(says(check_smtproutes("#c:a\n\n \t\r\nx.net:a\nX.NET:b\nx.net :c\n*.y.net:d\n"
                                      "z.net.:e\nmisspelt\n:f\n!@:g\n.w.net:h\n[192.0.2.1]:i\n"
                                      "[IPv6:2001:db8::1]:j\n192.0.2.1:k\n.:l")),
                testing::ElementsAre(StartsWith("4: line 5 matches the same mail and overrides it"),
                                     StartsWith("6: \"x.net\" is not a domain name"),
                                     HasSubstr("7: \"*.y.net\" matches nothing (write \".y.net\""),
                                     HasSubstr("remove its final dot"),
                                     StartsWith("9: the line has no colon"),
                                     StartsWith("16: \".\" is not a domain name")));
    EXPECT_THAT(says(check_authsenders("bob@x.org:a\nx.org:b\n\"bob\"@X.org:c\n.x.org:d\n@x.org:e\n"
                                       "bob:f\n@[]:g\n:h\nbob@x.org.:i\nbob@:j\n.smith@:k\n.:l\n"
                                       ".smith@x.org:m")),
                testing::ElementsAre(StartsWith("1: line 3 matches the same mail"),
                                     HasSubstr("write @x.org"), HasSubstr("write @bob"),
                                     StartsWith("9: "), StartsWith("10: "), StartsWith("11: "),
                                     StartsWith("12: ")));
    EXPECT_THAT(says(check_smtproutes("*:a\n@example.org:b\nx.net: c\na.example joe sesame")),
                testing::ElementsAre(HasSubstr("1: \"*\" matches nothing (write :relay"),
                                     HasSubstr("2: \"@example.org\" matches nothing (write "
                                               "\"example.org\")"),
                                     StartsWith("3: a blank precedes the relay"),
                                     StartsWith("4: the line has no colon and is ignored")));
    EXPECT_THAT(says(check_authsenders("@client.example|user|sesame")),
                testing::ElementsAre(StartsWith("1: the line has no colon and is ignored")));
    EXPECT_THAT(says(check_qmtproutes("x.net:a|joe|sesame\ny.net:b")),
                testing::ElementsAre(HasSubstr("QMTP has no authentication")));
}

TEST(Checks, TellNoPassword) {
    const std::vector<std::string> lines{
        "x.net:a b|joe|hunter2",    "x.net:|joe|hunter2",        "x.net:a|hunter2",
        "x.net:a hunter2",          "x.net:a:joe:hunter2",       "x.net:a::hunter2",
        "x.net:a,b joe hunter2",    "x.net:[a joe hunter2",      "a|joe|hunter2",
        "a|joe|hunter2:x",          "x.net:[192.0.2.1] hunter2", "a joe hunter2:b",
        "x.net:a||hunter2",         "x.net:a|joe|hunter2\001",   "a|joe|hunter2@x.net:b",
        "x.net:a:5 hunter2",        "x.net:a:5 joe hunter2 x",   "x.net:a:5 joe hunter2\001",
        "x.net:a:5x joe hunter2",   "x.net:a:5:joe:hunter2",     "x.net:a joe hunter2",
    };
    for (const std::string& line : lines) {
        std::vector<std::vector<Mistake>> all{check_smtproutes(line), check_qmtproutes(line),
                                              check_authsenders(line),
                                              check_route_file(file_of(line)),
                                              check_route_file(file_of("relay=" + line))};
        for (const std::vector<Mistake>& mistakes : all)
            for (const Mistake& mistake : mistakes)
                EXPECT_THAT(mistake.what, Not(HasSubstr("hunter2"))) << line;
        EXPECT_THAT(check_smtproutes(line), Not(IsEmpty())) << line;
    }
}

}  // namespace
}  // namespace tern::routing

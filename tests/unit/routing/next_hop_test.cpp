// control/smtproutes and the host argument.
#include "routing/next_hop.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "base/text.hpp"

namespace tern::routing {
namespace {

Result<NextHop> next_hop(std::string_view smtproutes, std::string_view host) {
    RouteFiles files;
    files.smtproutes = smtproutes;
    return find_route(files, host, "alice@sender.example").and_then([host](const Route& route) {
        return next_hops(route, host).map(
            [](const std::vector<NextHop>& hops) { return hops.front(); });
    });
}

std::string shown(const Result<NextHop>& hop) {
    if (!hop)
        return hop.error().cause == Cause::control_file   ? "malformed"
               : hop.error().cause == Cause::no_such_host ? "no such host"
                                                          : "?";
    if (const auto* address = std::get_if<IpAddress>(&*hop))
        return "[" + address->to_string() + "]";
    if (const auto* domain = std::get_if<dns::Domain>(&*hop)) return "MX " + domain->ascii();
    const Relay& relay = std::get<Relay>(*hop);
    const std::string host = std::holds_alternative<IpAddress>(relay.host)
                                 ? "[" + std::get<IpAddress>(relay.host).to_string() + "]"
                                 : std::get<dns::Domain>(relay.host).ascii();
    return concat("relay ", host, ":", relay.port);
}

TEST(NextHop, WithoutRoutes) {
    const std::vector<std::pair<const char*, const char*>> rows{
        {"example.net", "MX example.net"},
        {"EXAMPLE.net.", "MX example.net"},
        {"192.0.2.1", "[192.0.2.1]"},
        {"[192.0.2.1]", "[192.0.2.1]"},
        {"[IPv6:2001:db8::1]", "[2001:db8::1]"},
        {"[ipv6:2001:DB8::1]", "[2001:db8::1]"},
        {"[2001:db8::1]", "[2001:db8::1]"},
        {"[::ffff:192.0.2.1]", "[192.0.2.1]"},
        {"2001:db8::1", "no such host"},
        {"[192.0.2.1", "no such host"},
        {"[]", "no such host"},
        {"", "no such host"},
        {".", "no such host"},
        {"a..b", "no such host"},
        {"a/b", "no such host"},
        {"b\xc3\xbc"
         "cher.example",
         "MX xn--bcher-kva.example"},
    };
    for (const auto& [host, expected] : rows)
        EXPECT_EQ(shown(next_hop("", host)), expected) << host;
}

TEST(NextHop, ByRoute) {
    struct Row {
        const char* routes;
        const char* host;
        const char* expected;
    };
    const std::vector<Row> rows{
        {"example.net:relay", "example.net", "relay relay:25"},
        {"example.net:relay", "EXAMPLE.NET", "relay relay:25"},
        {"Example.Net:relay", "example.net", "relay relay:25"},
        {"example.net:relay", "example.net.", "relay relay:25"},
        {"example.net:relay", "sub.example.net", "MX sub.example.net"},
        {"example.net:relay", "anexample.net", "MX anexample.net"},
        {".af.mil:relay", "af.mil", "MX af.mil"},
        {".af.mil:relay", "inside.af.mil", "relay relay:25"},
        {".af.mil:relay", "a.b.af.mil", "relay relay:25"},
        {".mil:a\n.af.mil:b", "x.af.mil", "relay b:25"},
        {".af.mil:b\n.mil:a", "x.af.mil", "relay b:25"},
        {":all", "example.net", "relay all:25"},
        {":all", "[192.0.2.1]", "relay all:25"},
        {":all\nexample.net:", "example.net", "MX example.net"},
        {".af.mil:\n:heaven.af.mil", "x.af.mil", "MX x.af.mil"},
        {".af.mil:\n:heaven.af.mil", "af.mil", "relay heaven.af.mil:25"},
        {"x.net:a\nx.net:b", "x.net", "relay b:25"},
        {"no colon here\nx.net:a", "x.net", "relay a:25"},
        {"#x.net:a", "x.net", "MX x.net"},
        {"\n\nx.net:a  \t\r\n", "x.net", "relay a:25"},
        {"x.net:a:26", "x.net", "relay a:26"},
        {"x.net:a:465", "x.net", "relay a:465"},
        {"x.net:a:26 # no comment", "x.net", "relay a:26"},
        {"x.net:192.0.2.1", "x.net", "relay [192.0.2.1]:25"},
        {"x.net:[192.0.2.1]:26", "x.net", "relay [192.0.2.1]:26"},
        {"x.net:[2001:db8::1]", "x.net", "relay [2001:db8::1]:25"},
        {"x.net:[IPv6:2001:db8::1]:26", "x.net", "relay [2001:db8::1]:26"},
        {"x.net:2001:db8::1", "x.net", "malformed"},
        {"x.net:a:", "x.net", "malformed"},
        {"x.net:a:smtp", "x.net", "malformed"},
        {"x.net:a:0", "x.net", "malformed"},
        {"x.net:a:65536", "x.net", "malformed"},
        {"x.net:[192.0.2.1", "x.net", "malformed"},
        {"x.net:[x]", "x.net", "malformed"},
        {"x.net:a b", "x.net", "malformed"},
        {"x.net:a..b", "x.net", "malformed"},
        {"x.net:a:26\nx.net:a:smtp", "y.net", "MX y.net"},
        {"[192.0.2.1]:a", "[192.0.2.1]", "relay a:25"},
        {"[2001:db8::1]:a:26", "[2001:db8::1]", "relay a:26"},
        {"x.net:RELAY.Example.", "x.net", "relay relay.example:25"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(shown(next_hop(row.routes, row.host)), row.expected)
            << row.routes << "  " << row.host;
}

TEST(NextHop, AMalformedLineIsNamed) {
    const Result<NextHop> hop = next_hop("a.net:b\n\nx.net:a:smtp\n", "x.net");
    ASSERT_FALSE(hop);
    EXPECT_THAT(hop.error().detail, testing::StartsWith("control/smtproutes, line 3: "));
}

}  // namespace
}  // namespace tern::routing

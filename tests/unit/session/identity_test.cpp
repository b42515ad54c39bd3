// Each field of an Identity counts, and none but values do.
#include "session/identity.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <unordered_set>
#include <vector>

#include "unit/session/session_table.hpp"

namespace tern::session {
namespace {

std::shared_ptr<const sasl::Credentials> credentials(std::string_view user,
                                                     std::string_view password) {
    return std::make_shared<const sasl::Credentials>(sasl::credentials_of_route(user, password));
}

Identity usual() {
    Identity identity;
    identity.endpoint = Endpoint{*IpAddress::parse("192.0.2.1"), 25};
    identity.server_name = "mx.example";
    identity.requirement = tls::Requirement::verified("trust.pem", "mx.example", "policy");
    identity.tls_settings = {"HIGH", "cert.pem", "key.pem"};
    identity.source = IpAddress::parse("192.0.2.9");
    identity.credentials = credentials("joe", "Sesame");
    identity.hello_name = "me.example";
    return identity;
}

struct Row {
    const char* what;
    void (*change)(Identity&);
    bool is_hashed = true;
};

const std::vector<Row> rows = {
    {"address", [](Identity& i) { i.endpoint.address = *IpAddress::parse("192.0.2.2"); }},
    {"family", [](Identity& i) { i.endpoint.address = *IpAddress::parse("c000:201::"); }},
    {"port", [](Identity& i) { i.endpoint.port = 465; }},
    {"server's name", [](Identity& i) { i.server_name = "mx2.example"; }},
    {"no name", [](Identity& i) { i.server_name.clear(); }},
    {"kind", [](Identity& i) { i.requirement.kind = tls::Requirement::Kind::encrypted; }},
    {"trust", [](Identity& i) { i.requirement.trust_file = "other.pem"; }},
    {"reference name", [](Identity& i) { i.requirement.reference_name = "mx2.example"; }},
    {"who asked", [](Identity& i) { i.requirement.origin = "another"; }},
    {"first byte", [](Identity& i) { i.requirement.implicit = true; }},
    {"ciphers", [](Identity& i) { i.tls_settings.ciphers = "LOW"; }},
    {"certificate", [](Identity& i) { i.tls_settings.certificate_file = "other.pem"; }},
    {"key", [](Identity& i) { i.tls_settings.key_file.clear(); }},
    {"source", [](Identity& i) { i.source = IpAddress::parse("192.0.2.8"); }},
    {"no source", [](Identity& i) { i.source.reset(); }},
    {"user", [](Identity& i) { i.credentials = credentials("ann", "Sesame"); }},
    {"token", [](Identity& i) { i.credentials = credentials("joe", "token:/a"); }},
    {"secret", [](Identity& i) { i.credentials = credentials("joe", "other"); }, false},
    {"nobody", [](Identity& i) { i.credentials.reset(); }},
    {"hello name", [](Identity& i) { i.hello_name = "you.example"; }},
};

TEST(Identity, EachFieldCounts) {
    const Identity before = usual();
    std::unordered_set<Identity> all = {before};
    for (const Row& row : rows) {
        Identity changed = before;
        row.change(changed);
        EXPECT_FALSE(changed == before) << row.what;
        EXPECT_EQ(std::hash<Identity>()(changed) != std::hash<Identity>()(before), row.is_hashed)
            << row.what;
        EXPECT_TRUE(all.insert(changed).second) << row.what;
        EXPECT_FALSE(all.insert(changed).second) << row.what;
    }
}

TEST(Identity, OfEqualValuesIsTheSame) {
    EXPECT_NE(usual().credentials, usual().credentials);
    EXPECT_EQ(usual(), usual());
    EXPECT_EQ(std::hash<Identity>()(usual()), std::hash<Identity>()(usual()));
    EXPECT_EQ(Identity(), Identity());
}

Task<Done> logs_in(test::Peer& mx) {
    co_await greets(mx, "AUTH PLAIN LOGIN");
    co_await mx.expects("AUTH PLAIN AGpvZQBTZXNhbWU=");
    co_await mx.says("235 welcome");
    co_return Done();
}

TEST(Identity, KeepsWhatItIsMadeOf) {
    SessionTable table(logs_in);
    table.identity.endpoint.address = *IpAddress::parse("127.0.0.1");
    table.identity.credentials = credentials("joe", "Sesame");
    table.options.mechanisms = {sasl::Mechanism::plain, sasl::Mechanism::login};
    const std::weak_ptr<const sasl::Credentials> kept = table.identity.credentials;
    table.make_session();
    table.identity = Identity();
    table.options = Options();
    EXPECT_EQ(kept.use_count(), 1);
    EXPECT_TRUE(table.run_open());
    table.session.reset();
    EXPECT_TRUE(kept.expired());
}

}  // namespace
}  // namespace tern::session

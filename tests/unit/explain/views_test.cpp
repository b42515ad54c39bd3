// Answers as text and as JSON: nothing of a stranger gets through as it is, and no colour unless
// asked for.
#include <gmock/gmock.h>

#include "explain/check/check.hpp"
#include "explain/show/json.hpp"
#include "explain/probe/probe_views.hpp"
#include "explain/route/route.hpp"

namespace tern::explain {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::Not;

const Paint plain(false);
const std::string evil = "\x1b[31m\x9b\xff\xe2\x80\xae";

// JSON escapes controls by itself; strings must be harmless once they are read.
void expect_harmless(const std::string& shown) {
    for (const char c : shown) EXPECT_TRUE(c == '\n' || !(c >= 0 && c < ' ')) << shown;
    EXPECT_THAT(shown, Not(HasSubstr("\x9b"))) << shown;
    EXPECT_THAT(shown, Not(HasSubstr("\xe2\x80\xae")));
    EXPECT_THAT(shown, Not(HasSubstr("\\u001b")));
}

Probe hostile_probe() {
    Probed one;
    one.peer.endpoint = Endpoint{*IpAddress::parse("192.0.2.1"), 25};
    one.hello_name = evil;
    one.requirement.origin = evil;
    one.dialogue.push_back({Spoken::Who::server, "220 " + evil + "\n220 more\n", false});
    one.extensions.auth_mechanisms = evil;
    one.certificate_trouble = evil;
    one.tls.emplace();
    one.tls->version = "TLSv1.3";
    tls::CertificateFacts certificate;
    certificate.identity.subject = certificate.identity.issuer = evil;
    certificate.identity.dns_names = {evil};
    one.tls->chain = {certificate};
    Probe probe;
    probe.sessions = {one};
    one.failure.emplace(Stage::hello, Cause::rejected, Reply{550, "550 " + evil});
    one.report = "Connected: " + evil;
    probe.sessions.push_back(one);
    probe.unreached.push_back({one.peer, evil});
    probe.failure.emplace(Stage::routing, Cause::no_such_host, evil);
    return probe;
}

TEST(ProbeViews, AreHarmless) {
    expect_harmless(probe_text(hostile_probe(), plain, std::chrono::seconds(0)));
    expect_harmless(probe_json(hostile_probe()));
    EXPECT_EQ(Json::parse(probe_json(hostile_probe()))["sessions"].size(), 2U);
}

TEST(ProbeViews, ColourOnlyWhenAsked) {
    EXPECT_THAT(probe_text(hostile_probe(), Paint(true), std::chrono::seconds(0)),
                HasSubstr("\x1b[1;31m"));
}

TEST(CheckViews, AreHarmlessAndCounted) {
    const std::vector<Finding> findings = {{Severity::error, "control/" + evil, 3, evil, evil},
                                           {Severity::warning, "control/a", 0, "what", ""},
                                           {Severity::note, "control/b", 0, "what", "cure"}};
    const std::string shown = check_text(findings, plain);
    expect_harmless(shown);
    EXPECT_THAT(shown, HasSubstr(":3: error: "));
    EXPECT_THAT(shown, HasSubstr("control/a: warning: what\n"));
    EXPECT_THAT(shown, HasSubstr("control/b: note: what; cure\n"));
    EXPECT_THAT(shown, HasSubstr("1 error, 1 warning, 1 note\n"));
    expect_harmless(check_json(findings));
    EXPECT_FALSE(Json::parse(check_json(findings))["good"]);
}

TEST(CheckViews, NotesAreNoMistakes) {
    EXPECT_FALSE(any_mistake({}));
    EXPECT_FALSE(any_mistake({{Severity::note, "f", 0, "w", ""}}));
    EXPECT_TRUE(any_mistake({{Severity::warning, "f", 0, "w", ""}}));
    EXPECT_TRUE(Json::parse(check_json({}))["good"]);
}

PlannedRoute hostile_route() {
    PlannedRoute route;
    route.host = evil;
    route.recipients = {evil};
    route.faults = {evil};
    route.route.origin = {evil, 2};
    route.route.certificate_file = evil;
    route.route.credentials = sasl::credentials_of_route("user-name", "pass-word");
    RoutedServer server;
    server.requirement = tls::Requirement::encrypted(evil);
    server.addresses.push_back(RoutedAddress{});
    route.hops.push_back({routing::NextHop(IpAddress()), {server}, std::nullopt});
    route.sources.push_back({Family::ipv4, {std::nullopt, evil, {evil, 1}}, evil});
    route.failure.emplace(Stage::start, Cause::control_file, evil);
    return route;
}

TEST(RouteViews, AreHarmlessAndKeepCredentials) {
    const std::string shown = routes_text({hostile_route()}, plain);
    const std::string json = routes_json({hostile_route()}, evil);
    for (const std::string& view : {shown, json}) {
        expect_harmless(view);
        EXPECT_THAT(view, Not(HasSubstr("user-name")));
        EXPECT_THAT(view, Not(HasSubstr("pass-word")));
    }
    EXPECT_THAT(shown, HasSubstr("with user and password (not shown)"));
    EXPECT_EQ(Json::parse(json)["routes"][0]["credentials"], true);
}

}  // namespace
}  // namespace tern::explain

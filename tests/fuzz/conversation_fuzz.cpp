// Bytes as the server's side of a whole delivery in the simulated world; the laws must hold.
// Byte 0 sets the world up (128: what comes before the first 0x01 is control/smtproutes), byte 1 is
// its seed; 0x01 parts connections. The line "TLS" is the server's side of a handshake (also "TLS
// wrong_name", "TLS expired" and "TLS self_signed"), "LOGIN" that of an AUTH command to its end,
// "WAIT" lets time pass. Every other line is said as it is, and after one that ends a reply the
// client is heard.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "routing/route.hpp"
#include "support/laws.hpp"

namespace {

using namespace tern;
using namespace tern::test;

constexpr std::string_view user = "joe";
constexpr std::string_view password = "open sesame at once";

std::optional<Certificate> handshake_in(std::string_view line) {
    if (line == "TLS") return Certificate::good;
    if (line == "TLS wrong_name") return Certificate::wrong_name;
    if (line == "TLS expired") return Certificate::expired;
    if (line == "TLS self_signed") return Certificate::self_signed;
    return std::nullopt;
}

// The server's side of AUTH, by the rules.
Task<Done> logs_in(Peer& peer) {
    using State = ServerLogin::State;
    std::string command = co_await peer.hears();
    State state = State::malformed;
    if (command.starts_with("AUTH "))
        state = co_await peer.takes_auth(std::move(command), std::string(user),
                                         std::string(password));
    while (state == State::asks) {
        co_await peer.challenges();
        state = co_await peer.hears_response();
    }
    co_return co_await peer.says(state == State::accepted ? "235 welcome" : "535 who is that");
}

// What such a line does reads the client's words itself.
bool goes_on_by_itself(std::string_view rest) {
    return rest.starts_with("TLS") || rest.starts_with("LOGIN\n");
}

// A line that does not end a reply goes out with the next one.
bool ends_a_reply(std::string_view line) { return line.size() < 4 || line[3] != '-'; }

Task<Done> says_all(Peer& peer, std::shared_ptr<const std::string> bytes) {
    peer.record.broke_protocol = true;  // what it means is unknown
    std::string_view rest = *bytes;
    std::string pending;
    while (!rest.empty()) {
        std::string line(rest.substr(0, rest.find('\n')));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (const std::optional<Certificate> shown = handshake_in(line)) {
            co_await peer.starts_tls("mx1.example.net", *shown);
            continue;
        }
        if (line == "LOGIN") {
            co_await logs_in(peer);
            if (!rest.empty() && !goes_on_by_itself(rest)) {
                co_await peer.hears_anything();
                peer.forgets();
            }
            continue;
        }
        if (line == "WAIT") {
            co_await peer.simulation().sleep(std::chrono::seconds(7));
            continue;
        }
        pending += line;
        pending += '\n';
        if (!ends_a_reply(line) && !rest.empty()) continue;
        co_await peer.says_raw(pending);
        pending.clear();
        if (line.starts_with("354")) {
            co_await peer.hears_message();
        } else if (!rest.empty()) {
            co_await peer.hears_anything();
            if (!goes_on_by_itself(rest)) peer.forgets();
        }
    }
    co_return co_await peer.goes_mute();
}

// What the laws must know of the way that mail takes.
void note_credentials(SimulatedEnvironment& environment) {
    const auto route =
        routing::find_route(environment.settings.routes, environment.host, environment.sender);
    if (!route || !route->credentials) return;
    environment.must_authenticate = true;
    // One that is short, is in the route for another thing too or is made of our own words
    // could be in a report by coincidence.
    const std::string_view secret = route->credentials->secret.reveal();
    const std::string_view routes = environment.settings.routes.smtproutes.empty()
                                        ? environment.settings.routes.authsenders
                                        : environment.settings.routes.smtproutes;
    if (secret.size() >= 12 && secret.find("sesame") != secret.npos &&
        routes.find(secret) == routes.rfind(secret))
        environment.secrets.emplace_back(secret);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const unsigned set_up = data[0];
    SimulatedEnvironment environment(data[1]);
    environment.settings.timeout_remote = std::chrono::seconds(20);
    environment.settings.timeout_connect = std::chrono::seconds(5);
    environment.message.content = "Subject: fuzz\n\n.dot\r.\r\nbye\n";
    environment.message.pipe = (set_up & 1) != 0;
    if ((set_up & 2) != 0) environment.server_files.required.insert("mx1.example.net");
    if ((set_up & 4) != 0) environment.server_files.excluded.insert("mx2.example.net");
    if ((set_up & 8) != 0) environment.recipients.emplace_back("c\xc3\xb6@example.net");
    if ((set_up & 16) != 0) environment.recipients.emplace_back("carol@example.net");
    environment.add_exchanger("example.net", 10, "mx1.example.net");
    environment.add_exchanger("example.net", (set_up & 32) != 0 ? 10 : 20, "mx2.example.net");
    environment.add_address("mx1.example.net", "198.51.100.1");
    environment.add_address("mx2.example.net", "198.51.100.2");
    std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
    if ((set_up & 64) != 0)
        environment.settings.routes.authsenders =
            concat(":mx1.example.net|", user, "|", password, "\n");
    if ((set_up & 128) != 0) {
        environment.settings.routes.smtproutes = rest.substr(0, rest.find('\x01'));
        rest.remove_prefix(
            std::min(rest.size(), environment.settings.routes.smtproutes.size() + 1));
    }
    note_credentials(environment);
    for (unsigned i = 0; i < 4 && !rest.empty(); ++i) {
        const auto bytes = std::make_shared<const std::string>(rest.substr(0, rest.find('\x01')));
        rest.remove_prefix(std::min(rest.size(), bytes->size() + 1));
        // The third and fourth are for those who come back in clear.
        environment.add_server(i % 2 == 0 ? "198.51.100.1" : "198.51.100.2", 25,
                         [bytes](Peer& peer) { return says_all(peer, bytes); });
    }
    const Outcome outcome = environment.deliver();
    check_laws(environment, outcome);
    if (environment.simulation.complaints().empty()) return 0;
    std::fprintf(stderr, "%s", story_of(environment, outcome).c_str());
    std::abort();
}

// Bytes as the server's side of a whole delivery in the simulated world; the laws must hold.
// Byte 0 sets the world up, byte 1 is its seed; 0x01 parts connections; the line "TLS" is the
// server's side of a handshake, "WAIT" lets time pass. Every other line is said as it is, and after
// one that ends a reply the client is heard.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "support/laws.hpp"

namespace {

using namespace tern;
using namespace tern::test;

// A line that does not end a reply goes out with the next one.
bool ends_a_reply(std::string_view line) { return line.size() < 4 || line[3] != '-'; }

Task<Done> says_all(Peer& peer, std::shared_ptr<const std::string> bytes) {
    peer.record.raved = true;  // nobody knows what it means
    std::string_view rest = *bytes;
    std::string pending;
    while (!rest.empty()) {
        std::string line(rest.substr(0, rest.find('\n')));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (line == "TLS") {
            co_await peer.starts_tls("mx1.example.net", Certificate::good);
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
            if (!rest.starts_with("TLS\n")) peer.forgets();
        }
    }
    co_return co_await peer.goes_mute();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const unsigned set_up = data[0];
    SimulatedWorld world(data[1]);
    world.settings.timeout_remote = std::chrono::seconds(20);
    world.settings.timeout_connect = std::chrono::seconds(5);
    world.message.content = "Subject: fuzz\n\n.dot\r.\r\nbye\n";
    world.message.pipe = (set_up & 1) != 0;
    if ((set_up & 2) != 0) world.rules.demanded.insert("mx1.example.net");
    if ((set_up & 4) != 0) world.rules.excluded.insert("mx2.example.net");
    if ((set_up & 8) != 0) world.recipients.emplace_back("c\xc3\xb6@example.net");
    if ((set_up & 16) != 0) world.recipients.emplace_back("carol@example.net");
    world.add_exchanger("example.net", 10, "mx1.example.net");
    world.add_exchanger("example.net", (set_up & 32) != 0 ? 10 : 20, "mx2.example.net");
    world.add_address("mx1.example.net", "198.51.100.1");
    world.add_address("mx2.example.net", "198.51.100.2");
    std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
    for (unsigned i = 0; i < 4 && !rest.empty(); ++i) {
        const auto bytes = std::make_shared<const std::string>(rest.substr(0, rest.find('\x01')));
        rest.remove_prefix(std::min(rest.size(), bytes->size() + 1));
        // The third and fourth are for those who come back in clear.
        world.add_server(i % 2 == 0 ? "198.51.100.1" : "198.51.100.2", 25,
                         [bytes](Peer& peer) { return says_all(peer, bytes); });
    }
    const Outcome outcome = world.deliver();
    check_laws(world, outcome);
    if (world.simulation.complaints().empty()) return 0;
    std::fprintf(stderr, "%s", story_of(world, outcome).c_str());
    std::abort();
}

// Draws worlds from seeds; see random_world.hpp.
#include "simulation/random_world.hpp"

#include "base/text.hpp"

namespace tern::test {
namespace {

/// Fills one world, drawing from its own chance.
class Drawing {
public:
    explicit Drawing(SimulatedWorld& world) : world_(world), random_(world.simulation.random()) {}

    void draw() {
        world_.settings.timeout_connect = std::chrono::seconds(1 + random_.below(60));
        world_.settings.timeout_remote = std::chrono::seconds(1 + random_.below(1200));
        trouble_ = random_.once_in(5) ? 0 : 2 + random_.below(20);
        world_.rules.exhaustive = random_.once_in(20);
        draw_message();
        draw_recipients();
        switch (random_.below(8)) {
            case 0: draw_literal(); break;
            case 1: draw_relay(); break;
            default: draw_domain(); break;
        }
    }

private:
    void draw_message() {
        static const char* const pieces[] = {"a", ".", "\n", "\r", "\r\n", "\n.", "\n.\n", "\r.\r",
                                             "some words", "\xc3\xb6", "MAIL FROM:<x@y>", "QUIT"};
        std::string content = "Subject: drawn\n\n";
        std::size_t count = random_.below(40);
        if (random_.once_in(10)) count = random_.below(30'000);
        for (std::size_t i = 0; i < count; ++i) content += pieces[random_.below(12)];
        if (!random_.once_in(12)) content += '\n';
        world_.message.content = std::move(content);
        world_.message.pipe = random_.once_in(4);
        if (random_.once_in(3)) world_.message.longest_delay = std::chrono::milliseconds(500);
        if (random_.once_in(30))
            world_.message.fails_at =
                random_.below(static_cast<std::uint32_t>(world_.message.content.size()));
    }

    void draw_recipients() {
        static const char* const drawn[] = {
            "bob@example.net",          "carol@example.net",      "a b@example.net",
            "d\xc3\xb6rte@example.net", "x@example.net>\r\nDATA", "very.long@b\xc3\xbc.example"};
        world_.recipients.clear();
        const std::uint32_t count = random_.once_in(3) ? 1 + random_.below(8) : 1;
        for (std::uint32_t i = 0; i < count; ++i)
            world_.recipients.emplace_back(drawn[random_.once_in(4) ? random_.below(6) : 0]);
        if (random_.once_in(10)) world_.sender = "";
        if (random_.once_in(20)) world_.sender = "\xc3\xa4@sender.example";
    }

    void draw_literal() {
        world_.host = random_.once_in(2) ? "198.51.100.1" : "[IPv6:2001:db8::1]";
        add_host(world_.host == "198.51.100.1" ? "198.51.100.1" : "2001:db8::1", 25, "");
    }

    void draw_relay() {
        static constexpr std::uint16_t ports[] = {25, 465, 465, 2525};
        port_ = ports[random_.below(4)];
        world_.settings.routes.smtproutes = text(":mx1.example.net:", port_, "\n");
        add_server_name("mx1.example.net");
    }

    void draw_domain() {
        const std::uint32_t count = 1 + random_.below(4);
        if (random_.once_in(10)) {
            add_server_name("example.net");
            return;
        }
        if (random_.once_in(30)) world_.resolver.mx_records["example.net"];  // fails
        for (std::uint32_t i = 1; i <= count; ++i) {
            const std::string name = text("mx", i, ".example.net");
            world_.add_exchanger("example.net", static_cast<std::uint16_t>(10 * random_.below(3)),
                                 name);
            add_server_name(name);
        }
        if (random_.once_in(50)) world_.add_exchanger("example.net", 0, "");
        if (random_.once_in(50)) world_.resolver.unanswered.insert("mx1.example.net");
    }

    void add_server_name(const std::string& name) {
        switch (random_.below(6)) {
            case 0: world_.rules.demanded.insert(name); break;
            case 1: world_.rules.excluded.insert(name); break;
            default: break;
        }
        if (random_.once_in(60)) world_.rules.unreadable.insert(name);
        if (random_.once_in(12)) world_.resolver.ipv4_records[name];  // that look-up fails
        const std::uint32_t count = 1 + random_.below(3);
        for (std::uint32_t i = 0; i < count; ++i) {
            ++addresses_;
            const std::string address = random_.once_in(3) ? text("2001:db8::", addresses_)
                                                           : text("198.51.100.", addresses_);
            world_.add_address(name, address);
            add_host(address, port_, name);
        }
    }

    void add_host(const std::string& address, std::uint16_t port, const std::string& name) {
        static constexpr Certificate certificates[] = {
            Certificate::good,        Certificate::good,       Certificate::good,
            Certificate::wrong_name,  Certificate::expired,    Certificate::self_signed,
            Certificate::wants_client_certificate};
        const IpAddress parsed = *IpAddress::parse(address);
        if (random_.once_in(40)) world_.local_addresses.ours.insert(parsed);
        if (random_.once_in(25)) world_.backoff.skipped.insert(parsed);
        Host& host = world_.hosts[Endpoint{parsed, port}];
        host.delay = random_.up_to(random_.once_in(8) ? std::chrono::seconds(80)
                                                      : std::chrono::milliseconds(400));
        switch (random_.below(40)) {
            case 0: case 1: case 2: case 3: host.manner = Host::Manner::silent; break;
            case 4: case 5: case 6: host.manner = Host::Manner::refuses; break;
            case 7: host.manner = Host::Manner::no_descriptors; break;
            default: break;
        }
        Mind mind;
        mind.name = name.empty() ? "literal.example" : name;
        mind.implicit_tls = port == 465;
        mind.offers_tls = !random_.once_in(3);
        mind.offers_smtputf8 = random_.once_in(2);
        mind.offers_pipelining = !random_.once_in(3);
        const std::uint32_t chunking = random_.below(10);
        mind.chunking = chunking == 0  ? Mind::Chunking::pretended
                        : chunking < 6 ? Mind::Chunking::offered
                                       : Mind::Chunking::none;
        mind.size_limit = random_.once_in(20) ? 100 : 0;
        mind.trouble = trouble_;
        mind.certificate = certificates[random_.below(7)];
        mind.patience = world_.settings.timeout_remote;
        // As often as the client may come, and a good deal more.
        for (unsigned i = 0; i < 2 * delivery::most_sessions; ++i)
            host.scripts.push_back([mind](Peer& peer) { return random_server(peer, mind); });
    }

    SimulatedWorld& world_;
    SeededRandom& random_;
    unsigned trouble_ = 0;
    unsigned addresses_ = 0;
    std::uint16_t port_ = 25;
};

}  // namespace

std::unique_ptr<SimulatedWorld> random_world(std::uint64_t seed) {
    auto world = std::make_unique<SimulatedWorld>(seed);
    Drawing(*world).draw();
    return world;
}

}  // namespace tern::test

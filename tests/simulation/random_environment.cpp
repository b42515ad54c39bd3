// Draws environments from seeds; see random_environment.hpp.
#include "simulation/random_environment.hpp"

#include "base/text.hpp"

namespace tern::test {
namespace {

/// Fills one environment, drawing from its own random numbers.
class Drawing {
public:
    explicit Drawing(SimulatedEnvironment& environment)
        : environment_(environment), random_(environment.simulation.random()) {}

    void draw() {
        environment_.settings.timeout_connect = std::chrono::seconds(1 + random_.below(60));
        environment_.settings.timeout_remote = std::chrono::seconds(1 + random_.below(1200));
        trouble_ = random_.once_in(5) ? 0 : 2 + random_.below(20);
        environment_.server_files.exhaustive = random_.once_in(20);
        draw_message();
        draw_recipients();
        if (random_.once_in(3)) draw_sources();
        if (random_.once_in(3)) environment_.settings.chunk_size = 1 + random_.below(3000);
        static constexpr routing::FamilyChoice families[] = {
            routing::FamilyChoice::ipv4_first, routing::FamilyChoice::ipv4_first,
            routing::FamilyChoice::ipv6_first, routing::FamilyChoice::ipv4_only,
            routing::FamilyChoice::ipv6_only};
        if (random_.once_in(3)) environment_.settings.families = families[random_.below(5)];
        draw_limits();
        switch (random_.below(8)) {
            case 0: draw_literal(); break;
            case 1:
            case 2: draw_relays(); break;
            default: draw_domain(); break;
        }
        if (random_.once_in(2)) draw_name_servers();
    }

private:
    // One to three, of which some are of no help.
    void draw_name_servers() {
        using Kind = NameServerBehaviour::Kind;
        static constexpr Kind kinds[] = {Kind::answers, Kind::answers,     Kind::answers,
                                         Kind::answers, Kind::mute,        Kind::unreachable,
                                         Kind::garbage, Kind::server_failure};
        environment_.name_servers.servers.clear();
        const std::uint32_t count = 1 + random_.below(3);
        for (std::uint32_t i = 0; i < count; ++i) {
            NameServerBehaviour drawn;
            drawn.kind = kinds[random_.below(8)];
            drawn.refuses_edns = random_.once_in(8);
            drawn.ignores_edns = random_.once_in(8);
            drawn.truncates = random_.once_in(6);
            if (random_.once_in(4)) drawn.loses_once_in = 2 + random_.below(6);
            if (random_.once_in(4)) drawn.longest_delay = std::chrono::seconds(6);
            environment_.name_servers.servers.push_back(
                {*IpAddress::parse(concat("192.0.2.", 53 + i)), drawn});
        }
    }

    // How much later the answer for one family comes, if it comes.
    void draw_delays(const std::string& name) {
        DnsRecords& records = environment_.records;
        auto& delays = random_.once_in(2) ? records.ipv4_delays : records.ipv6_delays;
        delays[name] = random_.once_in(3)   ? Duration::max()
                       : random_.once_in(2) ? random_.up_to(std::chrono::milliseconds(100))
                                            : random_.up_to(std::chrono::seconds(8));
    }

    void draw_limits() {
        if (random_.once_in(5)) limits_.recipients = 1 + random_.below(4);
        if (random_.once_in(8)) limits_.transactions = 1 + random_.below(3);
        if (random_.once_in(8)) limits_.domains = 1 + random_.below(2);
        if (random_.once_in(5)) takes_at_most_ = 1 + random_.below(3);
    }

    void draw_message() {
        static const char* const pieces[] = {"a", ".", "\n", "\r", "\r\n", "\n.", "\n.\n", "\r.\r",
                                             "some words", "\xc3\xb6", "MAIL FROM:<x@y>", "QUIT"};
        std::string content = "Subject: drawn\n\n";
        std::size_t count = random_.below(40);
        if (random_.once_in(10)) count = random_.below(30'000);
        for (std::size_t i = 0; i < count; ++i) content += pieces[random_.below(12)];
        if (!random_.once_in(12)) content += '\n';
        environment_.message.content = std::move(content);
        environment_.message.pipe = random_.once_in(4);
        if (random_.once_in(3)) environment_.message.longest_delay = std::chrono::milliseconds(500);
        if (random_.once_in(30))
            environment_.message.fails_at =
                random_.below(static_cast<std::uint32_t>(environment_.message.content.size()));
    }

    void draw_recipients() {
        static const char* const drawn[] = {
            "bob@example.net",          "carol@Example.net",      "a b@example.org",
            "d\xc3\xb6rte@example.net", "x@example.net>\r\nDATA", "very.long@b\xc3\xbc.example"};
        environment_.recipients.clear();
        const std::uint32_t count = random_.once_in(3) ? 1 + random_.below(8) : 1;
        for (std::uint32_t i = 0; i < count; ++i) {
            const bool usual = !random_.once_in(4);
            std::string one = usual ? concat("bob", i, "@example.net") : drawn[random_.below(6)];
            if (usual && random_.once_in(4)) one = concat("bob", i, "@example.org");
            environment_.recipients.push_back(std::move(one));
        }
        if (random_.once_in(10)) environment_.sender = "";
        if (random_.once_in(20)) environment_.sender = "\xc3\xa4@sender.example";
    }

    void draw_literal() {
        environment_.host = random_.once_in(2) ? "198.51.100.1" : "[IPv6:2001:db8::1]";
        add_host(environment_.host == "198.51.100.1" ? "198.51.100.1" : "2001:db8::1", 25, "");
    }

    // One to three relays of a line, in order, of which some have the mail's domain as a decoy.
    void draw_relays() {
        static constexpr std::uint16_t ports[] = {25, 465, 465, 2525};
        port_ = ports[random_.below(4)];
        if (random_.once_in(3)) {
            environment_.must_authenticate = true;
            user_ = "alice";
            secret_ = random_.once_in(2) ? "Sesame|opens:42" : "wonderland of longer words";
            environment_.secrets.push_back(secret_);
        }
        std::string list;
        const std::uint32_t count = 1 + random_.below(3);
        for (std::uint32_t i = 1; i <= count; ++i) {
            if (i > 1) list += random_.once_in(2) ? "," : " , ";
            list += draw_relay(concat("relay", i, ".example"));
            if (port_ != 25) list += concat(random_.once_in(2) ? ":" : ";", port_);
        }
        if (environment_.must_authenticate) list += concat("|", user_, "|", secret_);
        routing::RouteFiles& routes = environment_.settings.routes;
        switch (random_.below(4)) {
            case 0:
                routes.authsenders = concat(":", list, "\n");
                routes.smtproutes = ":decoy.example\n";
                break;
            case 1:
                routes.of_domain = routing::RouteFiles::OfDomain{"control/smtproutes.d/example.net",
                                                                 WipedText(concat("relay=", list))};
                routes.smtproutes = ":decoy.example\n";
                break;
            default:
                routes.smtproutes = concat("example.org:decoy.example\n:", list, "\n");
                break;
        }
        for (const char* name : {"mx1.example.net", "decoy.example"}) {
            const std::string address = concat("198.51.100.", 200 + ++addresses_);
            environment_.add_address(name, address);
            add_host(address, port_, name);
            environment_.elsewhere.insert(Endpoint{*IpAddress::parse(address), port_});
            add_host(address, 25, name);
            environment_.elsewhere.insert(Endpoint{*IpAddress::parse(address), 25});
        }
        environment_.add_exchanger("example.net", 10, "mx1.example.net");
    }

    std::string draw_relay(const std::string& name) {
        ++addresses_;
        std::string ipv4 = concat("198.51.100.", 100 + addresses_);
        const std::string ipv6 = concat("2001:db8::1:", addresses_);
        switch (random_.below(8)) {
            case 0: add_host(ipv4, port_, ""); return ipv4;
            case 1:
                add_host(ipv6, port_, "");
                return concat("[", ipv6, "]");
            case 2: add_host("127.0.0.1", port_, ""); return "[127.0.0.1]";
            case 3:
                environment_.add_exchanger(name, 10, "mx." + name);
                add_server_name("mx." + name);
                return name + "/mx";
            default: add_server_name(name); return name;
        }
    }

    // Where connections leave from: our own addresses, foreign ones, none.
    void draw_sources() {
        routing::SourceFiles& files = environment_.settings.sources;
        const IpAddress own4 = *IpAddress::parse("192.0.2.7");
        const IpAddress own6 = *IpAddress::parse("2001:db8:2::7");
        environment_.local_addresses.ours.insert(own4);
        environment_.local_addresses.ours.insert(own6);
        environment_.sources[Family::ipv4] = environment_.sources[Family::ipv6] = std::nullopt;
        environment_.hello_names.insert(environment_.settings.hello_name);
        if (random_.once_in(3)) {
            const bool ours = !random_.once_in(4);
            files.outgoingip = ours ? "192.0.2.7" : "192.0.2.66";
            environment_.sources[Family::ipv4] = *IpAddress::parse(files.outgoingip);
        }
        if (random_.once_in(3)) {
            files.outgoingip6 = "2001:db8:2::7";
            environment_.sources[Family::ipv6] = own6;
        }
        if (random_.once_in(3)) {
            files.domainips = "*:192.0.2.7|all.sender.example\nelsewhere.example:192.0.2.66\n";
            environment_.sources[Family::ipv4] = own4;
            if (random_.once_in(2)) {
                files.domainips += "Sender.Example:2001:db8:2::7|six.sender.example\n";
                if (!environment_.sender.empty()) environment_.sources[Family::ipv6] = own6;
                environment_.hello_names.insert("six.sender.example");
            }
            environment_.hello_names.insert("all.sender.example");
        }
        if (random_.once_in(4)) {
            files.helohostbyip = "192.0.2.250:system.sender.example\n192.0.2.7:seven.example\n";
            environment_.hello_names.insert("system.sender.example");
            environment_.hello_names.insert("seven.example");
        }
    }

    void draw_domain() {
        const std::uint32_t count = 1 + random_.below(4);
        if (random_.once_in(10)) {
            add_server_name("example.net");
            return;
        }
        if (random_.once_in(30)) environment_.records.mx["example.net"];  // fails
        for (std::uint32_t i = 1; i <= count; ++i) {
            const std::string name = concat("mx", i, ".example.net");
            environment_.add_exchanger("example.net",
                                       static_cast<std::uint16_t>(10 * random_.below(3)), name);
            add_server_name(name);
        }
        if (random_.once_in(50)) environment_.add_exchanger("example.net", 0, "");
        if (random_.once_in(50)) environment_.records.unanswered.insert("mx1.example.net");
    }

    void add_server_name(const std::string& name) {
        switch (random_.below(6)) {
            case 0: environment_.server_files.required.insert(name); break;
            case 1: environment_.server_files.excluded.insert(name); break;
            default: break;
        }
        if (random_.once_in(60)) environment_.server_files.unreadable.insert(name);
        if (random_.once_in(12)) environment_.records.ipv4[name];  // that look-up fails
        if (random_.once_in(6)) draw_delays(name);
        const std::uint32_t count = 1 + random_.below(3);
        for (std::uint32_t i = 0; i < count; ++i) {
            ++addresses_;
            const std::string address = random_.once_in(3) ? concat("2001:db8::", addresses_)
                                                           : concat("198.51.100.", addresses_);
            environment_.add_address(name, address);
            add_host(address, port_, name);
        }
    }

    void add_host(const std::string& address, std::uint16_t port, const std::string& name) {
        static constexpr Certificate certificates[] = {
            Certificate::good,        Certificate::good,       Certificate::good,
            Certificate::wrong_name,  Certificate::expired,    Certificate::self_signed,
            Certificate::wants_client_certificate};
        const IpAddress parsed = *IpAddress::parse(address);
        if (random_.once_in(40)) environment_.local_addresses.ours.insert(parsed);
        if (random_.once_in(25)) environment_.timeouts.skipped.insert(parsed);
        Host& host = environment_.hosts[Endpoint{parsed, port}];
        host.delay = random_.up_to(random_.once_in(8) ? std::chrono::seconds(80)
                                                      : std::chrono::milliseconds(400));
        switch (random_.below(40)) {
            case 0: case 1: case 2: case 3: host.behaviour = Host::Behaviour::silent; break;
            case 4: case 5: case 6: host.behaviour = Host::Behaviour::refuses; break;
            case 7: host.behaviour = Host::Behaviour::no_descriptors; break;
            default: break;
        }
        ServerTraits traits;
        traits.name = name.empty() ? "literal.example" : name;
        traits.implicit_tls = port == 465;
        traits.offers_tls = !random_.once_in(3);
        traits.offers_smtputf8 = random_.once_in(2);
        traits.offers_pipelining = !random_.once_in(3);
        const std::uint32_t chunking = random_.below(10);
        traits.chunking = chunking == 0  ? ServerTraits::Chunking::pretended
                        : chunking < 6 ? ServerTraits::Chunking::offered
                                       : ServerTraits::Chunking::none;
        traits.limits = limits_;
        traits.takes_at_most = takes_at_most_;
        if (!random_.once_in(6)) {
            static constexpr const char* lists[] = {"PLAIN", "LOGIN", "CRAM-MD5 LOGIN",
                                                    "SCRAM-SHA-256 PLAIN", "GSSAPI", "XOAUTH2"};
            traits.mechanisms = lists[random_.below(6)];
        }
        traits.user = user_;
        traits.secret = random_.once_in(8) ? "another" : secret_;
        traits.size_limit = random_.once_in(20) ? 100 : 0;
        traits.trouble = trouble_;
        traits.certificate = certificates[random_.below(7)];
        traits.timeout = environment_.settings.timeout_remote;
        // As often as the client may come, and a good deal more.
        for (unsigned i = 0; i < 2 * delivery::most_sessions; ++i)
            host.scripts.push_back([traits](Peer& peer) { return random_server(peer, traits); });
    }

    SimulatedEnvironment& environment_;
    SeededRandom& random_;
    unsigned trouble_ = 0;
    unsigned addresses_ = 0;
    std::uint16_t port_ = 25;
    smtp::Limits limits_;
    unsigned takes_at_most_ = 0;
    std::string user_;
    std::string secret_;
};

}  // namespace

std::unique_ptr<SimulatedEnvironment> random_environment(std::uint64_t seed) {
    auto environment = std::make_unique<SimulatedEnvironment>(seed);
    Drawing(*environment).draw();
    return environment;
}

}  // namespace tern::test

// An SMTP server that may do anything at any step; see random_environment.hpp.
#include <algorithm>
#include <set>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "simulation/random_environment.hpp"

namespace tern::test {
namespace {

Failure gone() { return {Stage::start, Cause::closed, "the server is gone"}; }

/// One connection of a random server: an honest conversation, each reply of which may go wrong.
class RandomServer {
public:
    RandomServer(Peer& peer, const ServerTraits& traits)
        : peer_(peer), traits_(traits), random_(peer.simulation().random()) {}

    Task<Done> serve();

private:
    bool trouble() { return traits_.trouble > 0 && random_.once_in(traits_.trouble); }

    Task<bool> reply(std::string honest);
    Task<Done> hello();
    Task<Done> recipient(const std::string& line);
    Task<Done> log_in(std::string line);
    void check_limits(const std::string& line);
    Task<Done> fault(std::string& said);
    Task<Done> in_pieces(std::string said);
    Task<Done> secure();
    Task<Done> command(std::string line);
    Task<Done> take_message();
    Task<Done> take_chunk(std::string line);

    [[nodiscard]] bool mail_accepted() const {
        const auto& all = peer_.record.transactions;
        return !all.empty() && all.back().mail / 100 == 2;
    }
    [[nodiscard]] bool anyone_accepted() const {
        return mail_accepted() &&
               std::ranges::any_of(peer_.record.transactions.back().recipients,
                                   [](const auto& each) { return each.code / 100 == 2; });
    }
    std::string refusal() {
        static const char* const refusals[] = {"421 closing", "450 later", "451 busy", "452 full",
                                               "500 what?",   "502 no such command",
                                               "550 no",      "554-no\r\n554 never"};
        return refusals[random_.below(8)];
    }

    Peer& peer_;
    const ServerTraits traits_;
    SeededRandom& random_;
    bool secured_ = false;
    bool over_ = false;
    bool refused_ = false;  // a chunk, and so the message
    std::string heard_;     // the last line, which a fault may say back
    bool told_limits_ = false;
    std::set<std::string> domains_;
};

// Gives whether `honest` was said as it is; something else may have been.
Task<bool> RandomServer::reply(std::string honest) {
    std::string said = honest;
    if (trouble()) co_await fault(said);
    co_await in_pieces(said + "\r\n");
    co_return said == honest;
}

// What may go wrong when a reply is due. `said` is what is said then; a Failure ends it all.
Task<Done> RandomServer::fault(std::string& said) {
    static const std::string rants[] = {
        "blah", "250 surplus\r\n250 and more", "354 go on", "999 no", "25", "250-a\r\n251 b",
        std::string("\0\x01\xff", 3), "250" + std::string(6000, 'x'), "\r\n", "220 x\r\n220 y"};
    bool ends = true;  // clang 14 destroys what a co_return inside this switch makes, made or not
    switch (random_.below(13)) {
        case 0: peer_.hangs_up(); break;
        case 1: peer_.resets(); break;
        case 2: co_await peer_.goes_mute(); break;
        case 3: co_await peer_.goes_deaf(); break;
        case 4:
            co_await peer_.says_raw(said.substr(0, random_.below(5)));
            if (random_.once_in(2)) co_await peer_.goes_mute();
            peer_.hangs_up();
            break;
        case 5:
            ends = false;
            peer_.record.broke_protocol = true;
            said = rants[random_.below(10)];
            break;
        case 6:
            ends = false;
            peer_.record.broke_protocol = true;
            said += "\r\n" + rants[random_.below(10)];
            break;
        case 7:
            ends = false;
            co_await peer_.simulation().sleep(random_.up_to(2 * traits_.timeout));
            break;
        case 8:
            // Never a word of AUTH in a report, whatever the server makes of it.
            ends = false;
            if (peer_.record.hears_responses()) {
                co_await peer_.says_raw("535 " + heard_, "535 (what the client said)");
                said.clear();
                break;
            }
            said = said.substr(0, 4) + heard_;
            if (random_.once_in(2)) said = "535 " + heard_;
            if (said[3] == '-') said = "550 " + heard_;
            break;
        default:
            ends = false;
            said = refusal();
            break;
    }
    if (ends) co_return gone();
    co_return Done();
}

Task<Done> RandomServer::in_pieces(std::string said) {
    while (random_.once_in(4) && said.size() > 1) {
        const std::size_t part = 1 + random_.below(static_cast<std::uint32_t>(said.size()));
        co_await peer_.says_raw(said.substr(0, part));
        said.erase(0, part);
        co_await peer_.simulation().sleep(random_.up_to(std::chrono::seconds(1)));
    }
    if (!said.empty()) co_await peer_.says_raw(said);
    co_return Done();
}

Task<Done> RandomServer::secure() {
    static const std::string alert("\x15\x03\x03\x00\x02\x02\x28", 7);
    if (trouble()) {
        co_await peer_.hears_anything();
        const std::uint32_t draw = random_.below(5);
        if (draw == 0) co_await peer_.says_raw(alert);
        else if (draw == 1) co_await peer_.says("this is not TLS");
        else if (draw == 2) peer_.resets();
        else if (draw == 3) peer_.hangs_up();
        if (draw != 2 && draw != 3) co_await peer_.goes_mute();
        co_return gone();
    }
    co_await peer_.starts_tls(traits_.name, traits_.certificate);
    secured_ = true;
    co_return Done();
}

Task<Done> RandomServer::take_message() {
    if (trouble()) {
        // Something in the middle of the message.
        co_await peer_.hears_anything();
        std::string said = "452 disk full";
        peer_.record.broke_protocol = true;
        co_await fault(said);
        co_await in_pieces(said + "\r\n");
    }
    co_await peer_.hears_message();
    const bool refuses = random_.once_in(8);
    // Named first: g++ 12 destroys what a conditional inside an awaited call makes twice.
    const std::string honest = refuses ? refusal() : "250 2.0.0 taken";
    co_await reply(honest);
    co_return Done();
}

Task<Done> RandomServer::take_chunk(std::string line) {
    const bool last = co_await peer_.hears_chunk(line);
    refused_ = refused_ || !anyone_accepted() || random_.once_in(12);
    const std::string honest = refused_ ? "550 no" : last ? "250 taken" : "250 go on";
    co_await reply(honest);
    co_return Done();
}

Task<Done> RandomServer::hello() {
    std::string offers = traits_.name;
    if (traits_.offers_tls && !secured_) offers += "\r\n250-STARTTLS";
    if (traits_.offers_smtputf8) offers += "\r\n250-SMTPUTF8";
    if (traits_.offers_pipelining) offers += "\r\n250-PIPELINING";
    if (traits_.chunking != ServerTraits::Chunking::none) offers += "\r\n250-CHUNKING";
    if (!traits_.mechanisms.empty()) offers += "\r\n250-AUTH " + traits_.mechanisms;
    std::string limits;
    if (traits_.limits.transactions != 0)
        limits += concat(" MAILMAX=", traits_.limits.transactions);
    if (traits_.limits.recipients != 0) limits += concat(" RCPTMAX=", traits_.limits.recipients);
    if (traits_.limits.domains != 0) limits += concat(" RCPTDOMAINMAX=", traits_.limits.domains);
    // What was said in clear counts no more inside TLS.
    if (!secured_ && traits_.offers_tls && random_.once_in(2)) limits = " RCPTMAX=1";
    if (!limits.empty()) offers += "\r\n250-LIMITS" + limits;
    told_limits_ =
        co_await reply("250-" + offers + "\r\n250 SIZE " + std::to_string(traits_.size_limit));
    co_return Done();
}

Task<Done> RandomServer::recipient(const std::string& line) {
    check_limits(line);
    const auto& told = peer_.record.transactions.back().recipients;
    const auto taken =
        std::ranges::count_if(told, [](const auto& each) { return each.code == 250; });
    const bool full = traits_.takes_at_most != 0 && taken >= traits_.takes_at_most;
    const std::uint32_t draw = random_.below(8);
    const std::string honest = !mail_accepted() ? "503 MAIL first"
                               : full && draw < 4 ? "452 4.5.3 too many"
                               : full             ? "552 too many"
                               : draw == 0      ? "550 no"
                               : draw == 1      ? "450 later"
                               : draw == 2      ? "452 4.2.2 mailbox full"
                                                : "250 ok";
    co_await reply(honest);
    co_return Done();
}

// RFC 9422 4: what was announced is kept to.
void RandomServer::check_limits(const std::string& line) {
    if (!told_limits_ || (!secured_ && traits_.offers_tls)) return;
    Simulation& simulation = peer_.simulation();
    const auto& all = peer_.record.transactions;
    std::string domain = line.substr(line.rfind('@') + 1);
    for (char& c : domain) c = to_lower(c);
    domains_.insert(domain.substr(0, domain.find('>')));
    const auto passes = [](std::size_t count, std::uint32_t most) {
        return most != 0 && count > most;
    };
    if (passes(all.size(), traits_.limits.transactions))
        simulation.complain("MAILMAX was passed over");
    if (passes(all.back().recipients.size(), traits_.limits.recipients))
        simulation.complain("RCPTMAX was passed over");
    if (passes(domains_.size(), traits_.limits.domains))
        simulation.complain("RCPTDOMAINMAX was passed over");
}

Task<Done> RandomServer::log_in(std::string line) {
    using State = ServerLogin::State;
    State state = co_await peer_.takes_auth(std::move(line), traits_.user, traits_.secret);
    while (state == State::asks) {
        if (trouble()) {
            const std::string said = random_.once_in(2) ? "454 not now" : "535 " + heard_;
            co_await peer_.says_raw(said + "\r\n", "(a refusal in the middle of AUTH)");
            co_return Done();
        }
        co_await peer_.challenges();
        heard_ = co_await peer_.hears();
        state = peer_.takes_response(heard_);
    }
    const std::string honest = state == State::accepted ? "235 welcome" : "535 who is that";
    co_await reply(honest);
    co_return Done();
}

Task<Done> RandomServer::command(std::string line) {
    const std::string verb = line.substr(0, 4);
    if (verb == "EHLO") {
        co_await hello();
    } else if (verb == "AUTH") {
        co_await log_in(std::move(line));
    } else if (verb == "STAR") {
        const bool as_it_is = co_await reply("220 go ahead");
        if (as_it_is) co_await secure();
    } else if (verb == "MAIL") {
        refused_ = false;
        co_await reply("250 ok");
    } else if (verb == "RCPT") {
        co_await recipient(line);
    } else if (verb == "DATA") {
        const bool in_vain = !anyone_accepted() && !random_.once_in(2);
        const std::string honest = in_vain ? "503 nobody" : "354 go on";
        const bool as_it_is = co_await reply(honest);
        if (as_it_is && !in_vain) co_await take_message();
    } else if (verb == "BDAT" && traits_.chunking == ServerTraits::Chunking::offered) {
        co_await take_chunk(line);
    } else if (verb != "HELO" && verb != "RSET" && verb != "QUIT") {
        // Also what it takes for commands of a message in chunks that it only pretended to take.
        co_await reply("502 unknown");
        peer_.record.loses_track();
    } else {
        over_ = verb == "QUIT";
        const std::string honest = over_ ? "221 bye" : "250 ok";
        co_await reply(honest);
    }
    co_return Done();
}

Task<Done> RandomServer::serve() {
    if (traits_.implicit_tls) co_await secure();
    co_await reply("220 " + traits_.name);
    while (!over_) {
        std::string line = co_await peer_.hears();
        heard_ = line;
        co_await command(std::move(line));
    }
    co_return Done();
}

}  // namespace

Task<Done> random_server(Peer& peer, ServerTraits traits) {
    const auto server = std::make_unique<RandomServer>(peer, traits);
    co_return co_await server->serve();
}

}  // namespace tern::test

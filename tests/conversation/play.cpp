// A server of a conversation file plays its part, with at most one fault; see script.hpp.
#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "conversation/script.hpp"

namespace tern::test {
namespace {

using Kind = Step::Kind;

// The simulated wire takes 200 ms at most: the first part is read before the second is said.
constexpr Duration longer_than_the_way = std::chrono::milliseconds(300);

Failure the_fault() { return {Stage::start, Cause::closed, "the fault of this run"}; }

// One whole reply, whether it fits or not: the server sends valid replies only.
bool is_one_reply(std::string_view words) {
    return words.size() > 5 && words.size() < 100 && words[0] >= '2' && words[0] <= '5' &&
           words[3] == ' ' && words.find("\r\n") + 2 == words.size();
}

long count_replies(std::string_view words) {
    long replies = 0;
    while (!words.empty()) {
        const std::string_view line = words.substr(0, words.find('\n'));
        words.remove_prefix(std::min(words.size(), line.size() + 1));
        if (line.size() < 4 || line[3] != '-') ++replies;
    }
    return replies;
}

Task<Done> hears_chunk(const Step& step, Peer& peer) {
    std::string line = co_await peer.hears();
    if (!line.starts_with("BDAT "))
        co_return Failure(Stage::start, Cause::protocol_error, "expected BDAT, heard " + line);
    const bool last = co_await peer.hears_chunk(line);
    if (last != (step.text == "C: (last chunk)"))
        co_return Failure(Stage::start, Cause::protocol_error,
                          "the last chunk is where none is due");
    co_return Done();
}

// The client knows what to say, as far as it was asked.
Task<Done> hears_auth(const ServerScript& script, const Step& step, Peer& peer) {
    ServerLogin::State state = ServerLogin::State::malformed;
    if (step.kind == Kind::hears_auth) {
        std::string line = co_await peer.hears();
        if (line.substr(0, line.find(' ', 5)) != "AUTH " + step.text)
            co_return Failure(Stage::start, Cause::protocol_error,
                              concat("expected AUTH ", step.text, ", heard ", line));
        state = co_await peer.takes_auth(std::move(line), script.user, script.secret);
    } else {
        state = co_await peer.hears_response();
    }
    if (state == ServerLogin::State::asks || state == ServerLogin::State::accepted)
        co_return Done();
    co_return Failure(Stage::start, Cause::protocol_error, "the client does not know the secret");
}

Task<Done> drips(const Step& step, Peer& peer) {
    for (const char c : step.text) {
        std::string one(1, c);
        co_await peer.says_raw(one);
        co_await peer.simulation().sleep(step.seconds);
    }
    co_return Done();
}

// The file says that the client goes here, however the server learns it.
bool client_may_go(const std::vector<Step>& steps, std::size_t at) {
    return at + 1 == steps.size() || steps[at + 1].kind == Kind::hears_close;
}

Task<Done> plays_tls(const ServerScript& script, const Step& step, Peer& peer) {
    // RFC 8446 6: a fatal alert, handshake_failure, as a record of its own.
    static const std::string alert("\x15\x03\x03\x00\x02\x02\x28", 7);
    if (step.kind != Kind::tls) co_await peer.hears_anything();
    switch (step.kind) {
        case Kind::tls_garbage: co_await peer.says("this is not TLS"); break;
        case Kind::tls_alert: co_await peer.says_raw(alert); break;
        case Kind::tls_stalls: co_return co_await peer.goes_mute();
        default: co_return co_await peer.starts_tls(script.name, step.certificate);
    }
    co_return co_await peer.goes_mute();
}

Task<Done> hears_no_end(Peer& peer) {
    Task<std::string> hearing = peer.hears_message();
    Result<std::string> heard = co_await hearing.outcome();
    if (heard) co_return Failure(Stage::start, Cause::protocol_error, "the end of data came");
    co_return Done();
}

Task<Done> hears_close(Peer& peer) {
    Task<std::string> hearing = peer.hears();
    Result<std::string> heard = co_await hearing.outcome();
    if (heard)
        co_return Failure(Stage::start, Cause::protocol_error,
                          concat("the client should have closed, it said \"", *heard, "\""));
    co_return Done();
}

Task<Done> plays(const ServerScript& script, std::size_t at, Peer& peer) {
    const Step& step = script.steps[at];
    switch (step.kind) {
        case Kind::says:
            co_await peer.says_raw(step.text);
            break;
        case Kind::hears_any: co_await peer.hears(); break;
        case Kind::hears: co_return co_await peer.expects(step.text);
        case Kind::hears_auth:
        case Kind::hears_response: co_return co_await hears_auth(script, step, peer);
        case Kind::challenges: co_return co_await peer.challenges();
        case Kind::hears_message: co_await peer.hears_message(); break;
        case Kind::hears_chunk: co_return co_await hears_chunk(step, peer);
        case Kind::hears_no_end: co_return co_await hears_no_end(peer);
        case Kind::hears_close: co_return co_await hears_close(peer);
        case Kind::drips:
        case Kind::tls:
        case Kind::tls_garbage:
        case Kind::tls_alert:
        case Kind::tls_stalls: {
            Task<Done> task =
                step.kind == Kind::drips ? drips(step, peer) : plays_tls(script, step, peer);
            Result<Done> ended = co_await task.outcome();
            if (!ended && client_may_go(script.steps, at)) break;
            co_return ended;
        }
        case Kind::hangs_up: peer.hangs_up(); break;
        case Kind::resets: peer.resets(); break;
        case Kind::mute: co_return co_await peer.goes_mute();
        case Kind::deaf: co_return co_await peer.goes_deaf();
        case Kind::waits: co_return co_await peer.simulation().sleep(step.seconds);
    }
    co_return Done();
}

Task<Done> goes_wrong(const ServerScript& script, const Fault& fault, Peer& peer) {
    const Step& step = script.steps[fault.step];
    const auto part = static_cast<std::size_t>(
        std::floor(fault.part * static_cast<double>(step.text.size())));
    peer.simulation().note(concat(peer.label(), " goes wrong at line ", step.line));
    switch (fault.kind) {
        case Fault::Kind::none:
        case Fault::Kind::hangs_up: break;
        case Fault::Kind::resets: peer.resets(); break;
        case Fault::Kind::mute: co_await peer.goes_mute(); break;
        case Fault::Kind::deaf: co_await peer.goes_deaf(); break;
        case Fault::Kind::half_and_hangs_up:
        case Fault::Kind::half_and_mute:
            co_await peer.says_raw(step.text.substr(0, part));
            if (fault.kind == Fault::Kind::half_and_mute) co_await peer.goes_mute();
            break;
        case Fault::Kind::garbage_instead:
            peer.record.broke_protocol = !is_one_reply(fault.words);
            co_await peer.says_raw(fault.words);
            co_return Done();
        case Fault::Kind::garbage_before:
            peer.record.broke_protocol = true;
            co_await peer.says_raw(fault.words + step.text);
            co_return Done();
        case Fault::Kind::garbage_after:
            // Only one that says yes where its no is due is to blame for a K.
            peer.record.broke_protocol = fault.step + 1 == script.steps.size() ||
                                script.steps[fault.step + 1].kind != Kind::hears_message;
            co_await peer.says_raw(step.text + fault.words);
            co_return Done();
        case Fault::Kind::interrupts:
            peer.record.broke_protocol = true;
            co_await peer.simulation().sleep(std::chrono::milliseconds(30));
            co_await peer.says_raw(fault.words);
            co_return co_await plays(script, fault.step, peer);
        case Fault::Kind::splits:
            co_await peer.says_raw(step.text.substr(0, fault.at));
            co_await peer.simulation().sleep(longer_than_the_way);
            co_await peer.says_raw(step.text.substr(fault.at));
            co_return Done();
    }
    co_return the_fault();
}

}  // namespace

Task<Done> play(const ServerScript& script, const Fault& fault, Peer& peer) {
    for (std::size_t i = 0; i < script.steps.size(); ++i) {
        if (fault.kind == Fault::Kind::none || fault.step != i) co_await plays(script, i, peer);
        else co_await goes_wrong(script, fault, peer);
    }
    co_return Done();
}

// A reply too many means something else when it comes later.
std::vector<Fault> Conversation::splits() const {
    constexpr std::size_t longest = 2000;  // bytes
    constexpr std::size_t of_a_flood = 16;  // every boundary is like the next
    std::vector<Fault> all;
    for (std::size_t server = 0; server < servers_.size(); ++server) {
        const std::vector<Step>& steps = servers_[server].steps;
        long owed = 1;  // the greeting
        for (std::size_t step = 0; step < steps.size(); ++step) {
            const Step& one = steps[step];
            if (one.kind != Kind::says) {
                ++owed;
                continue;
            }
            const long replies = count_replies(one.text);
            const bool in_turn = replies <= owed;
            owed = 0;
            const bool broken_off =
                step + 1 < steps.size() &&
                (steps[step + 1].kind == Kind::hangs_up || steps[step + 1].kind == Kind::resets);
            const std::size_t end = !in_turn || broken_off      ? 0
                                    : one.text.size() > longest ? of_a_flood
                                                                : one.text.size();
            for (std::size_t at = 1; at < end; ++at) {
                Fault split;
                split.kind = Fault::Kind::splits;
                split.server = server;
                split.step = step;
                split.at = at;
                all.push_back(std::move(split));
            }
        }
    }
    return all;
}

std::vector<Fault> Conversation::faults() const {
    static const std::vector<std::string> rants{
        "250 surplus\r\n", "354 go on\r\n", "421 going down\r\n", "550 no\r\n", "450 later\r\n",
        "blah\r\n", "25", std::string("\0\xff\x80\r\n", 5), "999 no\r\n", "250-a\r\n251 b\r\n",
        "\r\n", "250", "250\n250 x\n"};
    static const std::vector<std::string> floods{
        "250 " + std::string(70'000, 'x') + "\r\n", std::string(std::size_t{1200} * 1024, '2'),
        "250-" + std::string(std::size_t{1200} * 1024, 'x')};
    std::vector<Fault> all;
    for (std::size_t server = 0; server < servers_.size(); ++server) {
        for (std::size_t step = 0; step < servers_[server].steps.size(); ++step) {
            const Kind kind = servers_[server].steps[step].kind;
            Fault fault;
            fault.server = server;
            fault.step = step;
            const auto add = [&](Fault::Kind wrong, std::string words = "", double part = 0.5) {
                fault.kind = wrong;
                fault.words = std::move(words);
                fault.part = part;
                all.push_back(fault);
            };
            for (const Fault::Kind wrong : {Fault::Kind::hangs_up, Fault::Kind::resets,
                                            Fault::Kind::mute, Fault::Kind::deaf})
                add(wrong);
            if (kind == Kind::hears_message || kind == Kind::hears_chunk)
                for (const std::string& rant : rants) add(Fault::Kind::interrupts, rant);
            if (kind != Kind::says && kind != Kind::challenges && kind != Kind::tls) continue;
            for (const std::string& rant : rants) add(Fault::Kind::garbage_instead, rant);
            for (const std::string& flood : floods) add(Fault::Kind::garbage_instead, flood);
            if (kind != Kind::says) continue;
            for (const double part : {0.01, 0.5, 0.9999}) {
                add(Fault::Kind::half_and_hangs_up, "", part);
                add(Fault::Kind::half_and_mute, "", part);
            }
            for (const std::string& rant : rants) {
                add(Fault::Kind::garbage_before, rant);
                add(Fault::Kind::garbage_after, rant);
            }
        }
    }
    return all;
}

}  // namespace tern::test

// Look-ups by way of name servers; see cares_resolver.hpp.
#include "os/cares_resolver.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "dns/message.hpp"
#include "os/cares_channel.hpp"

namespace tern::os {
namespace {

constexpr std::chrono::seconds longest_look_up{30};  // contract, Routing

dns::Reading<dns::Mx> read(const Exchange& exchange, const dns::Question& question, int aliases,
                           dns::Mx*) {
    return dns::read_mx(exchange.answer, question, aliases);
}

dns::Reading<IpAddress> read(const Exchange& exchange, const dns::Question& question, int aliases,
                             IpAddress*) {
    return dns::read_addresses(exchange.answer, question, aliases);
}

// One question, from the name first asked for to the end of its aliases.
template <class Record>
class Inquiry {
public:
    Inquiry(const dns::Domain& name, dns::Type type) : question_{name, type, 0} {}

    // Does what can be done without waiting. True when the answer is there.
    bool advance(CaresChannel& channel) {
        if (settled_) return true;
        switch (exchange_.state) {
            case Exchange::State::idle:
                ask(channel);
                return false;
            case Exchange::State::waiting:
                return false;
            case Exchange::State::unanswered:
                return fail(exchange_.why);
            case Exchange::State::answered:
                break;
        }
        if (exchange_.seen.timeouts > 0) heard_after_silence_ = exchange_.seen.by;
        dns::Reading<Record> reading =
            read(exchange_, question_, aliases_, static_cast<Record*>(nullptr));
        authentic_ = authentic_ && reading.answer.authentic;
        if (reading.ask_next) {
            question_.name = std::move(*reading.ask_next);
            aliases_ = reading.aliases;
            ask(channel);
            return false;
        }
        answer_ = std::move(reading.answer);
        answer_.authentic = authentic_;
        return settled_ = true;
    }

    bool fail(const std::string& why) {
        answer_ = dns::Answer<Record>();
        answer_.detail = why;
        return settled_ = true;
    }

    /// The server that answered after others, or itself at first, had not.
    [[nodiscard]] std::optional<IpAddress> heard_after_silence() const {
        return heard_after_silence_;
    }

    [[nodiscard]] dns::Answer<Record> take() { return std::move(answer_); }

private:
    void ask(CaresChannel& channel) {
        question_.id = static_cast<std::uint16_t>(arc4random() & 0xffffU);
        exchange_.query = dns::make_query(question_);
        channel.send(exchange_);
    }

    dns::Question question_;
    Exchange exchange_;
    int aliases_ = 0;
    bool authentic_ = true;
    bool settled_ = false;
    std::optional<IpAddress> heard_after_silence_;
    dns::Answer<Record> answer_;
};

// Runs inquiries side by side to their ends. A server that answered where others were silent is the
// first to be asked from then on: a delivery makes many look-ups, and would wait in each of them.
template <class... Inquiries>
void run(ResolvConf& conf, const Clock& clock, Deadline deadline, Inquiries&... inquiries) {
    const Deadline by = std::min<Deadline>(deadline, clock.now() + longest_look_up);
    {
        CaresChannel channel(conf, clock);
        // Not "&&": each is to go on, whatever became of the others.
        while (!(static_cast<int>(inquiries.advance(channel)) & ...)) channel.turn(by);
    }
    for (const std::optional<IpAddress>& lively : {inquiries.heard_after_silence()...})
        if (lively)
            std::stable_partition(
                conf.servers.begin(), conf.servers.end(),
                [&lively](const NameServer& server) { return server.address == *lively; });
}

}  // namespace

CaresResolver::CaresResolver(const Clock& clock, std::string path)
    : clock_(clock), path_(std::move(path)) {}

CaresResolver::CaresResolver(const Clock& clock, ResolvConf conf)
    : clock_(clock), conf_(std::move(conf)) {}

std::optional<std::string> CaresResolver::read_conf() {
    if (conf_) return std::nullopt;
    Result<ResolvConf> read = read_resolv_conf(path_);
    if (!read) return std::move(read.error().detail);
    conf_ = std::move(*read);
    return std::nullopt;
}

Task<dns::Answer<dns::Mx>> CaresResolver::mx(const dns::Domain& domain, Deadline deadline) {
    Inquiry<dns::Mx> inquiry(domain, dns::Type::mx);
    if (const std::optional<std::string> trouble = read_conf()) inquiry.fail(*trouble);
    else run(*conf_, clock_, deadline, inquiry);
    co_return inquiry.take();
}

Task<dns::Addresses> CaresResolver::addresses(const dns::Domain& host, Deadline deadline) {
    Inquiry<IpAddress> ipv4(host, dns::Type::a);
    Inquiry<IpAddress> ipv6(host, dns::Type::aaaa);
    if (const std::optional<std::string> trouble = read_conf()) {
        ipv4.fail(*trouble);
        ipv6.fail(*trouble);
    } else {
        run(*conf_, clock_, deadline, ipv4, ipv6);
    }
    co_return dns::Addresses{ipv4.take(), ipv6.take()};
}

}  // namespace tern::os

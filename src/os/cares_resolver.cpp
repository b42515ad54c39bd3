// Look-ups by way of name servers; see cares_resolver.hpp.
#include "os/cares_resolver.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "os/cares_carrier.hpp"

namespace tern::os {
namespace {

template <class Record>
dns::Answer<Record> failed(const std::string& why) {
    dns::Answer<Record> answer;
    answer.detail = why;
    return answer;
}

dns::ServerList server_list(const ResolvConf& conf) {
    std::vector<IpAddress> addresses;
    std::ranges::transform(conf.servers, std::back_inserter(addresses), &NameServer::address);
    dns::ServerList list(std::move(addresses));
    list.timeout = conf.timeout;
    list.rounds = conf.attempts;
    list.rotate = conf.rotate;
    return list;
}

}  // namespace

/// What look-ups ask with: the servers and what was learnt of them, and a carrier for each one that
/// is under way, so that none waits for what another one has to process. Carriers are kept.
class CaresResolver::Asking {
public:
    explicit Asking(ResolvConf from) : conf_(std::move(from)), servers_(server_list(conf_)) {}

    dns::ServerList& servers() { return servers_; }

    std::unique_ptr<CaresCarrier> take() {
        if (!spare_.empty()) {
            std::unique_ptr<CaresCarrier> carrier = std::move(spare_.back());
            spare_.pop_back();
            return carrier;
        }
        spare_.reserve(++made_);
        return std::make_unique<CaresCarrier>(conf_.servers);
    }
    void give_back(std::unique_ptr<CaresCarrier> carrier) noexcept {
        spare_.push_back(std::move(carrier));  // there is room: see take()
    }

private:
    const ResolvConf conf_;
    dns::ServerList servers_;
    std::vector<std::unique_ptr<CaresCarrier>> spare_;
    std::size_t made_ = 0;
};

/// A carrier for one look-up, and how to begin that.
class CaresResolver::Turn {
public:
    Turn(Asking& asking, Random& random)
        : asking_(asking),
          carrier_(asking.take()),
          look_ups_(*carrier_, random, asking.servers()) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { asking_.give_back(std::move(carrier_)); }

    CaresCarrier& carrier() { return *carrier_; }
    dns::LookUps& look_ups() { return look_ups_; }

private:
    Asking& asking_;
    std::unique_ptr<CaresCarrier> carrier_;
    dns::LookUps look_ups_;
};

CaresResolver::CaresResolver(Reactor& reactor, const Clock& clock, Random& random, std::string path)
    : reactor_(reactor), clock_(clock), random_(random), path_(std::move(path)) {}

CaresResolver::CaresResolver(Reactor& reactor, const Clock& clock, Random& random, ResolvConf conf)
    : reactor_(reactor), clock_(clock), random_(random), conf_(std::move(conf)) {}

CaresResolver::~CaresResolver() = default;

std::optional<std::string> CaresResolver::prepare() {
    if (asking_) return std::nullopt;
    if (!conf_) {
        Result<ResolvConf> read = read_resolv_conf(path_);
        if (!read) return std::move(read.error().detail);
        conf_ = std::move(*read);
    }
    asking_ = std::make_unique<Asking>(*conf_);
    return std::nullopt;
}

// Written once for look-ups of every kind: they say when, the reactor waits.
template <class LookUp>
Task<Done> CaresResolver::settle(CaresCarrier& carrier, LookUp& look_up) {
    while (!look_up.advance(clock_.now())) {
        const Readiness readiness = co_await reactor_.wait(carrier.waits(), look_up.wakes());
        if (readiness == Readiness::cancelled) co_return cancelled();
        carrier.heed(readiness);
    }
    co_return Done();
}

Task<dns::Answer<dns::Mx>> CaresResolver::mx(const dns::Domain& domain, Deadline deadline) {
    if (const std::optional<std::string> trouble = prepare()) co_return failed<dns::Mx>(*trouble);
    Turn turn(*asking_, random_);
    dns::LookUp<dns::Mx> look_up = turn.look_ups().mx(domain, clock_.now(), deadline);
    co_await settle(turn.carrier(), look_up);
    co_return look_up.take();
}

Task<dns::Addresses> CaresResolver::addresses(const dns::Domain& host, Deadline deadline) {
    if (const std::optional<std::string> trouble = prepare())
        co_return dns::Addresses{failed<IpAddress>(*trouble), failed<IpAddress>(*trouble)};
    Turn turn(*asking_, random_);
    dns::AddressLookUp look_up = turn.look_ups().addresses(host, clock_.now(), deadline);
    co_await settle(turn.carrier(), look_up);
    co_return look_up.take();
}

Task<dns::Answer<IpAddress>> CaresResolver::addresses_of(const dns::Domain& host, Family family,
                                                         Deadline deadline) {
    if (const std::optional<std::string> trouble = prepare()) co_return failed<IpAddress>(*trouble);
    Turn turn(*asking_, random_);
    dns::LookUp<IpAddress> look_up =
        turn.look_ups().addresses(host, family, clock_.now(), deadline);
    co_await settle(turn.carrier(), look_up);
    co_return look_up.take();
}

}  // namespace tern::os

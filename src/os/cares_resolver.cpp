// Look-ups by way of name servers; see cares_resolver.hpp.
#include "os/cares_resolver.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

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
    list.patience = conf.patience;
    list.rounds = conf.attempts;
    list.rotate = conf.rotate;
    return list;
}

}  // namespace

CaresResolver::Asking::Asking(ResolvConf from, const Clock& clock)
    : conf(std::move(from)),
      servers(server_list(conf)),
      carrier(conf.servers, clock),
      look_ups(carrier, clock, random, servers) {}

CaresResolver::CaresResolver(const Clock& clock, std::string path)
    : clock_(clock), path_(std::move(path)) {}

CaresResolver::CaresResolver(const Clock& clock, ResolvConf conf)
    : clock_(clock), conf_(std::move(conf)) {}

std::optional<std::string> CaresResolver::prepare() {
    if (asking_) return std::nullopt;
    if (!conf_) {
        Result<ResolvConf> read = read_resolv_conf(path_);
        if (!read) return std::move(read.error().detail);
        conf_ = std::move(*read);
    }
    asking_ = std::make_unique<Asking>(*conf_, clock_);
    return std::nullopt;
}

Task<dns::Answer<dns::Mx>> CaresResolver::mx(const dns::Domain& domain, Deadline deadline) {
    if (const std::optional<std::string> trouble = prepare()) co_return failed<dns::Mx>(*trouble);
    co_return asking_->look_ups.mx(domain, deadline);
}

Task<dns::Addresses> CaresResolver::addresses(const dns::Domain& host, Deadline deadline) {
    if (const std::optional<std::string> trouble = prepare())
        co_return dns::Addresses{failed<IpAddress>(*trouble), failed<IpAddress>(*trouble)};
    co_return asking_->look_ups.addresses(host, deadline);
}

Task<dns::Answer<IpAddress>> CaresResolver::addresses_of(const dns::Domain& host, Family family,
                                                         Deadline deadline) {
    if (const std::optional<std::string> trouble = prepare()) co_return failed<IpAddress>(*trouble);
    co_return asking_->look_ups.addresses(host, family, deadline);
}

}  // namespace tern::os

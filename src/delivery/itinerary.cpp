// The order of a delivery's attempts; see itinerary.hpp.
#include "delivery/itinerary.hpp"

#include <algorithm>
#include <utility>

namespace tern::delivery {
namespace {

bool may_end_in_clear(const tls::Requirement& requirement) {
    return requirement.kind == tls::Requirement::Kind::opportunistic && !requirement.is_required();
}

Step again(const Step& step, const Endpoint& endpoint, Manner manner) {
    Step next = step;
    next.racing.assign(1, endpoint);
    next.manner = manner;
    return next;
}

}  // namespace

void Itinerary::add(std::string server_name, std::vector<Endpoint> endpoints,
                    tls::Requirement requirement) {
    servers_.push_back(
        Server{std::move(server_name), std::move(endpoints), std::move(requirement)});
}

bool Itinerary::may_go_on(Time now) const {
    return !settled_ && sessions_ < most_sessions && connections_ < most_connections &&
           (!until_ || now < *until_);
}

bool Itinerary::wants_servers(Time now) const {
    return !only_owed_ && may_go_on(now);
}

std::optional<Step> Itinerary::next(Time now) {
    if (settled_) return std::nullopt;
    if (!may_go_on(now)) {
        left_untried_ = left_untried_ || owed_now_ || !owed_in_clear_.empty() || anyone_is_left();
        return std::nullopt;
    }
    if (owed_now_) return std::exchange(owed_now_, std::nullopt);
    if (only_owed_) return std::nullopt;
    std::optional<Step> step = next_of_servers();
    if (!step && all_are_known_) step = next_in_clear();
    return step;
}

bool Itinerary::anyone_is_left() {
    std::erase_if(servers_, [this](Server& server) {
        std::erase_if(server.endpoints, [this](const Endpoint& e) { return was_tried(e); });
        return server.endpoints.empty() || (only_requiring_ && !server.requirement.is_required());
    });
    return !servers_.empty();
}

std::optional<Step> Itinerary::next_of_servers() {
    while (anyone_is_left()) {
        const Server& server = servers_.front();
        const unsigned most = connections_for(server.requirement);
        if (connections_ >= most) {
            left_untried_ = true;
            servers_.erase(servers_.begin());
            continue;
        }
        Step step;
        step.server_name = server.name;
        step.requirement = server.requirement;
        step.racing.push_back(server.endpoints.front());
        const auto rival = std::ranges::find_if(server.endpoints, [&](const Endpoint& endpoint) {
            return endpoint.address.family() != step.racing.front().address.family();
        });
        if (rival != server.endpoints.end() && connections_ + 1 < most)
            step.racing.push_back(*rival);
        return step;
    }
    return std::nullopt;
}

// One connection is kept for clear text, as long as clear text may become necessary.
unsigned Itinerary::connections_for(const tls::Requirement& requirement) const {
    const bool keep = !owed_in_clear_.empty() || may_end_in_clear(requirement);
    return keep ? most_connections - 1 : most_connections;
}

std::optional<Step> Itinerary::next_in_clear() {
    if (owed_in_clear_.empty()) return std::nullopt;
    Step step = std::move(owed_in_clear_.front());
    owed_in_clear_.erase(owed_in_clear_.begin());
    return step;
}

bool Itinerary::was_tried(const Endpoint& endpoint) const {
    return std::ranges::find(tried_, endpoint) != tried_.end();
}

void Itinerary::note_dialled(const Step& step, std::span<const Endpoint> tried, bool connected) {
    connections_ += static_cast<unsigned>(tried.size());
    if (connected) ++sessions_;
    tried_.insert(tried_.end(), tried.begin(), tried.end());
    if (tried.empty()) tried_.insert(tried_.end(), step.racing.begin(), step.racing.end());
}

void Itinerary::note_failed(const Step& step, const Endpoint& endpoint, const Verdict& verdict,
                            std::string tls_trouble, Time now) {
    if (verdict.next == Next::another_requiring) {
        only_requiring_ = true;
        owed_in_clear_.clear();
    }
    if (verdict.next == Next::same_without_chunking && step.chunking) {
        owed_now_ = again(step, endpoint, Manner::by_data);
        owed_now_->chunking = false;
    }
    if (!verdict.retry_in_clear) return;
    --sessions_;
    if (!until_) until_ = now + time_for_tls_ - time_for_tls_ / 3;
    if (only_requiring_) return;
    Step clear = again(step, endpoint, Manner::in_clear);
    clear.requirement = tls::Requirement::none();
    clear.tls_trouble = std::move(tls_trouble);
    owed_in_clear_.push_back(std::move(clear));
}

void Itinerary::owe_further(const Step& step, const Endpoint& endpoint) {
    owed_now_ = again(step, endpoint, Manner::further);
}

Duration Itinerary::tls_patience(Time now) const {
    return (until_ ? *until_ - now : time_for_tls_) / 3;
}

}  // namespace tern::delivery

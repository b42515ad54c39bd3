// Channels and their sockets; see cares_carrier.hpp.
#include "os/cares_carrier.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <span>

namespace tern::os {

CaresCarrier::Library::Library() {
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) throw std::bad_alloc();
}

void CaresCarrier::send(dns::Request& request) {
    const auto suits = [&request](const auto& channel) { return channel->suits(request); };
    auto found = std::ranges::find_if(channels_, suits);
    if (found == channels_.end()) {
        channels_.push_back(std::make_unique<CaresChannel>(request.edns, request.tcp));
        found = channels_.end() - 1;
    }
    (*found)->send(request, servers_[request.server]);
}

void CaresCarrier::cancel(dns::Request& request) noexcept {
    const auto carries = [&request](const auto& channel) { return channel->carries(request); };
    const auto found = std::ranges::find_if(channels_, carries);
    if (found != channels_.end()) (*found)->cancel();
}

std::span<pollfd> CaresCarrier::waits() {
    std::erase_if(channels_, [](const auto& channel) { return channel->is_spent(); });
    waits_.clear();
    ends_.clear();
    for (const auto& channel : channels_) {
        channel->add_waits(waits_);
        ends_.push_back(waits_.size());
    }
    return waits_;
}

void CaresCarrier::heed(Readiness readiness) {
    const int trouble = errno;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < channels_.size(); ++i) {
        const std::span mine(waits_.data() + begin, ends_[i] - begin);
        begin = ends_[i];
        if (mine.empty()) continue;
        if (readiness == Readiness::failed) channels_[i]->fail(trouble);
        else if (readiness == Readiness::ready) channels_[i]->process(mine);
    }
}

}  // namespace tern::os

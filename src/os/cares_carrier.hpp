// Carries DNS questions to name servers and their answers back, with c-ares. It never waits.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "dns/look_up.hpp"
#include "environment/reactor.hpp"
#include "os/cares_channel.hpp"
#include "os/resolv_conf.hpp"

namespace tern::os {

/// Gives each request that is under way a channel of its own, so that what one server does with one
/// question never disturbs another (c-ares 1.34 drops all that wait at a socket when one answer is
/// malformed; 1.18 lets one question swallow another's ICMP error). Channels are kept: a delivery
/// makes many look-ups, one after the other. Throws std::bad_alloc.
class CaresCarrier final : public dns::Carrier {
public:
    /// `servers` must outlive it; a request's server is an index of `servers`.
    explicit CaresCarrier(const std::vector<NameServer>& servers) : servers_(servers) {}

    void send(dns::Request& request) override;
    void cancel(dns::Request& request) noexcept override;
    /// What to wait for; valid up to the next call.
    std::span<pollfd> waits();
    /// Takes how the wait for waits() ended; `failed` with errno.
    void heed(Readiness readiness);

private:
    struct Library {
        Library();
        Library(const Library&) = delete;
        Library& operator=(const Library&) = delete;
        ~Library() { ares_library_cleanup(); }
    };

    const std::vector<NameServer>& servers_;
    Library library_;
    std::vector<std::unique_ptr<CaresChannel>> channels_;
    std::vector<pollfd> waits_;
    std::vector<std::size_t> ends_;  ///< of each channel's part of waits_
};

}  // namespace tern::os

// Carries DNS questions to name servers and their answers back, with c-ares and a poll(2) loop of
// its own.
#pragma once

#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "dns/look_up.hpp"
#include "os/cares_channel.hpp"
#include "os/resolv_conf.hpp"

namespace tern::os {

/// Gives each request that is under way a channel of its own, so that what one server does with one
/// question never disturbs another (c-ares 1.34 drops all that wait at a socket when one answer is
/// malformed; 1.18 lets one question swallow another's ICMP error). Channels are kept: a delivery
/// makes many look-ups, one after the other. Throws std::bad_alloc.
class CaresCarrier final : public dns::Carrier {
public:
    /// `servers` and `clock` must outlive it; a request's server is an index of `servers`.
    CaresCarrier(const std::vector<NameServer>& servers, const Clock& clock)
        : servers_(servers), clock_(clock) {}

    void send(dns::Request& request) override;
    void cancel(dns::Request& request) noexcept override;
    void wait(Deadline deadline) override;

private:
    struct Library {
        Library();
        Library(const Library&) = delete;
        Library& operator=(const Library&) = delete;
        ~Library() { ares_library_cleanup(); }
    };

    const std::vector<NameServer>& servers_;
    const Clock& clock_;
    Library library_;
    std::vector<std::unique_ptr<CaresChannel>> channels_;
    std::vector<pollfd> waits_;
};

}  // namespace tern::os

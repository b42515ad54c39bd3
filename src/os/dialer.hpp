// Makes TCP connections, two addresses racing where there are two. Delivery decides whom to
// connect to, and what an answer means.
#pragma once

#include "environment/environment.hpp"
#include "environment/reactor.hpp"
#include "os/connector.hpp"

namespace tern::os {

class Dialer final : public tern::Dialer {
public:
    /// All must outlive the dialer.
    Dialer(Connector& connector, Reactor& reactor, const Clock& clock)
        : connector_(connector), reactor_(reactor), clock_(clock) {}

    /// See tern::Dialer. An attempt that the overall deadline ends before its timeout is over
    /// is not_tried: a host that had no fair chance is not one that times out. Fails with
    /// Cause::cancelled when its wait was cancelled; every socket of the race is closed then.
    Task<DialResult> dial(std::span<const Target> targets, Duration timeout,
                          Deadline deadline) override;

private:
    Connector& connector_;
    Reactor& reactor_;
    const Clock& clock_;
};

}  // namespace tern::os

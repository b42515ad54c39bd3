// Makes TCP connections, two addresses racing where there are two. Delivery decides whom to
// connect to, and what an answer means.
#pragma once

#include "environment/environment.hpp"

namespace tern::os {

/// What trouble `error` (errno of socket, connect or the connection) makes of an attempt: the
/// kernel's time-out counts as one, what this host lacks is resources, all else is refused.
[[nodiscard]] Connected outcome_of_error(int error);

class Dialer final : public tern::Dialer {
public:
    /// `clock` must outlive the dialer and the streams it makes.
    explicit Dialer(const Clock& clock) : clock_(clock) {}

    /// See delivery::Dialer. An attempt that the overall deadline ends before its patience is over
    /// is not_tried: a host that had no fair chance is not one that times out.
    Task<DialResult> dial(std::span<const Target> targets, Duration patience,
                                    Deadline deadline) override;

private:
    const Clock& clock_;
};

}  // namespace tern::os

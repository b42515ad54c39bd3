// The laws of TLS over all connections of a delivery.
#pragma once

#include <cstddef>

#include "support/simulated_environment.hpp"

namespace tern::test {

/// Whether a file in control/tlshosts names a server that has this address.
[[nodiscard]] bool requires_tls(const SimulatedEnvironment& environment, const Endpoint& endpoint);

/// Once TLS that was required was not achieved, the mail goes nowhere where it is not required.
void check_required_tls(SimulatedEnvironment& environment);

/// The connections that count among the five: not those whose TLS failed before MAIL.
[[nodiscard]] std::size_t sessions_that_count(SimulatedEnvironment& environment);

}  // namespace tern::test

// What TLS must achieve with one server: reads what policy/tls_policy.hpp decides by. Asked by
// deliveries and by those who explain them.
#pragma once

#include "delivery/exchangers.hpp"
#include "environment/environment.hpp"
#include "routing/route.hpp"

namespace tern::delivery {

/// The decision for mail that takes `route` to `exchanger`. Fails with Cause::control_file when the
/// rules cannot be read, and where policy::decide does.
[[nodiscard]] Result<tls::Requirement> requirement_for(ServerFiles& rules,
                                                       const routing::Route& route,
                                                       const Exchanger& exchanger);

}  // namespace tern::delivery

// control/ignoreextensions: which extensions of a server count as not offered, because it offers
// what it does not do. Texts in, values out.
#pragma once

#include <string_view>

#include "base/ip.hpp"
#include "smtp/extensions.hpp"

namespace tern::routing {

/// What all lines together say of one server: those of its name (lower case, A-labels; empty where
/// it has none), of an end of the name that begins with a dot, of its address, and of `*`. What is
/// malformed or unknown in a line has no effect, nor has STARTTLS.
[[nodiscard]] smtp::ExtensionSet find_ignored_extensions(std::string_view content,
                                                         std::string_view name,
                                                         const IpAddress& address);

}  // namespace tern::routing

// qmail's home: where its control files and its queue are.
#pragma once

#include <string>

#include "base/failure.hpp"

namespace tern::os {

/// The directory that the environment variable QMAILHOME names; /var/qmail (or what the build was
/// told) when it is unset or empty. A relative one fails with Cause::home (contract, "Who
/// calls it").
[[nodiscard]] Result<std::string> home_directory();

}  // namespace tern::os

// qmail's home: where its control files and its queue are.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/failure.hpp"

namespace tern::os {

/// qmail's home (contract.md#home): the directory that the environment variable QMAILHOME names;
/// unset or empty, the home that has this program in its bin (see home_of_program); else
/// /var/qmail, or what the build was given. A relative QMAILHOME fails with Cause::home, and so
/// does a home that cannot be looked at.
[[nodiscard]] Result<std::string> home_directory();

/// The `<home>` of a program at `<home>/bin/<name>`; nothing for any other path.
[[nodiscard]] std::optional<std::string> home_of_program(std::string_view program);

}  // namespace tern::os

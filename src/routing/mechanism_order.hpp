// control/authmechanisms: which mechanisms of AUTH may be used, the strongest first. Texts in,
// values out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/failure.hpp"
#include "sasl/mechanism.hpp"

namespace tern::routing {

/// The mechanisms that the file names, in its order; empty without the file: the usual order. Names
/// are separated by newlines, blanks or commas. Fails with Cause::control_file where it names none
/// that tern has: nothing would be left to log in with.
[[nodiscard]] Result<std::vector<sasl::Mechanism>> read_mechanism_order(
    const std::optional<std::string>& content);

}  // namespace tern::routing

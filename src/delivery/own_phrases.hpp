// The words of reports about relays with a password that are ours alone.
#pragma once

#include <span>
#include <string_view>

namespace tern::delivery {

/// A secret that is a part of one of them ("password") is not repeated by a report that says it.
[[nodiscard]] std::span<const std::string_view> own_phrases();

}  // namespace tern::delivery

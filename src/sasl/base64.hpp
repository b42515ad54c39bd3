// Base64 (RFC 4648 4) as AUTH carries it: strict in what it reads.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace tern::sasl {

/// The bytes that `text` encodes; nothing unless it is whole groups of the alphabet with their
/// padding and no stray bits (RFC 4648 3.3, RFC 4648 3.5).
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

/// `bytes` in base64, padded.
[[nodiscard]] Secret to_base64(std::string_view bytes);

}  // namespace tern::sasl

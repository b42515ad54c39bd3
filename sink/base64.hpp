// Base64 (RFC 4648 4), strictly.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tern::sink {

/// Gives the bytes that `text` encodes; nothing where it is not base64 with its padding.
std::optional<std::string> from_base64(std::string_view text);

/// Gives `bytes` in base64, with padding.
std::string to_base64(std::string_view bytes);

}  // namespace tern::sink

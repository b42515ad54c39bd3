// The envelope as it was given to us, and what of it may reach the wire.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/failure.hpp"
#include "session/session.hpp"

namespace tern::delivery {

/// Arguments turned into paths. Recipients that must never reach the wire keep their place.
struct Addressing {
    session::Envelope wire;  ///< the sender and the recipients that may be said
    /// For each recipient argument: what is wrong with it, or nothing when it is in `wire`.
    std::vector<std::optional<std::string>> faults;
};

/// Reads sender and recipients (contract.md#addresses). Domains beyond ASCII become A-labels
/// (RFC 5890 2.3.2.1). Fails with bad_sender.
[[nodiscard]] Result<Addressing> read_envelope(std::string_view sender,
                                               std::span<const std::string_view> recipients);

}  // namespace tern::delivery

// The message as the conversation sees it: bytes from where we were started, perhaps once more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/clock.hpp"
#include "base/task.hpp"

namespace tern {

/// The message: bytes from where we were started.
class MessageSource {
public:
    MessageSource() = default;
    MessageSource(const MessageSource&) = delete;
    MessageSource& operator=(const MessageSource&) = delete;
    virtual ~MessageSource() = default;

    /// Reads at least one byte; 0 at the end. Fails with Cause::message_source.
    virtual Task<std::size_t> read_some(std::span<char> into, Deadline deadline) = 0;
    /// Goes back to where we were started. False when that is impossible: a pipe of which bytes
    /// were consumed.
    virtual bool rewind() = 0;
    /// The bytes from where we were started to the end, where that is known without reading (a
    /// regular file). A source that knows it can be rewound.
    [[nodiscard]] virtual std::optional<std::uint64_t> size() const { return std::nullopt; }
};

}  // namespace tern

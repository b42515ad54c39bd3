// A connection as the conversation sees it: bytes both ways, each wait with a deadline.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/clock.hpp"
#include "base/task.hpp"

namespace tern {

/// Bytes both ways. Implementations: a socket (os), TLS over another Stream (tls), and the
/// simulated wire of the tests.
///
/// Failures carry Stage::start; who calls knows the stage. Causes: timed_out, closed, tls,
/// cancelled.
class Stream {
public:
    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    virtual ~Stream() = default;

    /// Reads at least one byte into `into` (not empty). Gives the number of bytes, 0 when the peer
    /// closed its side in good order. A deadline that has passed makes it a look: what is there is
    /// given, else it fails with Cause::timed_out at once.
    virtual Task<std::size_t> read_some(std::span<char> into, Deadline deadline) = 0;

    /// Hands all of `bytes` to the kernel; on failure an unknown part of them went out, but never
    /// all of them (contract.md#lost-or-doubled: what counts is what was written).
    virtual Task<Done> write(std::string_view bytes, Deadline deadline) = 0;

    /// From now on a write waits beyond its deadline while bytes move: until `idle` has passed in
    /// which none did. A deadline that has passed when write() is called is not extended; writes
    /// with the same deadline count as one.
    virtual void extend_writes(Duration idle) { static_cast<void>(idle); }

    /// Bytes that were written and that the peer's kernel has not acknowledged; 0 where that is not
    /// known.
    [[nodiscard]] virtual std::size_t unsent() const { return 0; }

    /// Whether bytes of the stream's own wait for the next write, and ride with it (the end of a
    /// handshake). A look would have to send them first, and could not wait for that.
    [[nodiscard]] virtual bool holds_output() const { return false; }
};

}  // namespace tern

// Stream over a socket, on any reactor. It must not know what is said over it.
#pragma once

#include <optional>

#include "base/stream.hpp"
#include "environment/reactor.hpp"
#include "os/descriptor.hpp"

namespace tern::os {

class FdStream final : public Stream {
public:
    /// Takes the socket over. `reactor` and `clock` must outlive the stream.
    FdStream(Descriptor socket, Reactor& reactor, const Clock& clock);

    /// Cause::timed_out for the deadline's and the kernel's time-outs, Cause::cancelled when its
    /// wait was cancelled, Cause::closed for all else, in words.
    Task<std::size_t> read_some(std::span<char> into, Deadline deadline) override;
    Task<Done> write(std::string_view bytes, Deadline deadline) override;
    void extend_writes(Duration idle) override { idle_ = idle; }
    [[nodiscard]] std::size_t unsent() const override;

private:
    Task<Done> wait_for_room();

    Descriptor socket_;
    Reactor& reactor_;
    const Clock& clock_;
    Duration idle_{};
    Deadline asked_{};  // of the last write
    Deadline until_{};  // the same, as far as it was extended
};

}  // namespace tern::os

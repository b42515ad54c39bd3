// Stream over a socket, for programs that do one thing at a time: it waits in poll(2) and never
// suspends. It must not know what is said over it.
#pragma once

#include <optional>

#include "base/stream.hpp"
#include "os/descriptor.hpp"

namespace tern::os {

class FdStream final : public Stream {
public:
    /// Takes the socket over. `clock` must outlive the stream.
    FdStream(Descriptor socket, const Clock& clock);

    /// Cause::timed_out for the deadline's and the kernel's time-outs, Cause::closed for all else,
    /// in words.
    Task<std::size_t> read_some(std::span<char> into, Deadline deadline) override;
    Task<Done> write(std::string_view bytes, Deadline deadline) override;
    void extend_writes(Duration idle) override { idle_ = idle; }
    [[nodiscard]] std::size_t unsent() const override;

private:
    std::optional<Failure> wait_for_room();

    Descriptor socket_;
    const Clock& clock_;
    Duration idle_{};
    Deadline asked_{};  // of the last write
    Deadline until_{};  // the same, as far as it was extended
};

}  // namespace tern::os

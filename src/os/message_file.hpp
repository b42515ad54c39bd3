// The message on standard input: a regular file at any offset, a pipe, or a terminal.
#pragma once

#include <sys/types.h>

#include "base/message_source.hpp"
#include "environment/reactor.hpp"

namespace tern::os {

class MessageFile final : public MessageSource {
public:
    /// Reads from `fd`, which stays the caller's. `reactor` must outlive it.
    MessageFile(int fd, Reactor& reactor);

    Task<std::size_t> read_some(std::span<char> into, Deadline deadline) override;
    bool rewind() override;
    [[nodiscard]] std::optional<std::uint64_t> size() const override;

private:
    const int fd_;
    Reactor& reactor_;
    bool seekable_ = false;
    off_t start_ = 0;
    off_t end_ = 0;
    off_t offset_ = 0;
    bool ended_ = false;  // the end has been seen: no need to ask again
};

}  // namespace tern::os

// The memory of a transaction's message on its way from its source to the wire.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <string_view>

#include "base/message_source.hpp"
#include "smtp/body.hpp"

namespace tern::session {

/// The block that was read last, and, after room for the commands that go first, what is encoded
/// and not yet sent.
class BodyBuffers {
public:
    /// Bytes of commands that may stand before the message in one write.
    static constexpr std::size_t most_commands = 8UL * 1024;

    /// `most` is what a write or a chunk takes. Neither buffer is larger than the message needs.
    BodyBuffers(const MessageSource& message, smtp::BodyEncoder::Framing framing, std::size_t most)
        : block_size_(block_for(message, most)),
          most_(message.size().value_or(block_size_) < block_size_ ? 0 : most),
          block_(std::make_unique_for_overwrite<char[]>(block_size_)),
          wire_(std::make_unique_for_overwrite<char[]>(
              headroom + most_ + smtp::BodyEncoder::room(block_size_) + final_dot.size())),
          encoder_(framing) {}

    [[nodiscard]] std::span<char> block() { return {block_.get(), block_size_}; }
    /// Room for one more block, and not all encoded.
    [[nodiscard]] bool wants_more() const { return !complete_ && ready_ <= most_; }
    void encode(std::string_view block, bool last) {
        ready_ += encoder_.encode(block, body() + ready_);
        if (last) ready_ += encoder_.finish(body() + ready_);
        complete_ = last;
    }
    void end_with_dot() {
        std::ranges::copy(final_dot, body() + ready_);
        ready_ += final_dot.size();
    }
    /// The whole message is encoded, or was.
    [[nodiscard]] bool complete() const { return complete_; }
    [[nodiscard]] bool ends_in_a_line() const {
        return !complete_ || encoder_.ended_with_newline();
    }
    [[nodiscard]] std::size_t ready() const { return ready_; }
    /// The first of what is ready, `size` bytes at most.
    [[nodiscard]] std::string_view front(std::size_t size) {
        return {body(), std::min(size, ready_)};
    }
    /// Goes on with Framing::dots, from the first byte that is ready.
    void double_dots() {
        encoder_.use(smtp::BodyEncoder::Framing::dots);
        // What is encoded encodes to itself, but for the dots.
        smtp::BodyEncoder again(smtp::BodyEncoder::Framing::dots);
        auto wider = std::make_unique_for_overwrite<char[]>(
            headroom + std::max(most_, smtp::BodyEncoder::room(ready_)) +
            smtp::BodyEncoder::room(block_size_) + final_dot.size());
        ready_ = again.encode({body(), ready_}, wider.get() + headroom);
        wire_ = std::move(wider);
    }
    /// `commands` and the first `size` bytes of what is ready. Once they are sent, drop() them.
    [[nodiscard]] std::string_view flight(std::string_view commands, std::size_t size) {
        if (commands.size() > headroom) throw std::logic_error("more commands than fit a window");
        char* const begin = body() - commands.size();
        std::ranges::copy(commands, begin);
        return {begin, commands.size() + size};
    }
    void drop(std::size_t size) {
        ready_ -= size;
        std::memmove(body(), body() + size, ready_);
    }

private:
    static constexpr std::size_t headroom = most_commands + 32;  // and a last CR LF
    // The message is read and encoded in blocks that the processor's nearest caches hold.
    static constexpr std::size_t largest_block = 32UL * 1024;
    static constexpr std::string_view final_dot = ".\r\n";

    // One byte more than the message has shows its end.
    static std::size_t block_for(const MessageSource& message, std::size_t most) {
        const std::uint64_t whole = message.size().value_or(largest_block) + 1;
        return static_cast<std::size_t>(
            std::min<std::uint64_t>(whole, std::min(largest_block, most)));
    }
    [[nodiscard]] char* body() { return wire_.get() + headroom; }

    const std::size_t block_size_;
    const std::size_t most_;
    const std::unique_ptr<char[]> block_;
    std::unique_ptr<char[]> wire_;
    smtp::BodyEncoder encoder_;
    std::size_t ready_ = 0;
    bool complete_ = false;
};

}  // namespace tern::session

// A message in memory and a clock that does not move, for tests of a session without a simulation.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/clock.hpp"
#include "base/message_source.hpp"

namespace tern {

/// The message is this text, which must outlive it.
class TextMessage final : public MessageSource {
public:
    explicit TextMessage(std::string_view content) : content_(content) {}

    Task<std::size_t> read_some(std::span<char> into, Deadline) override {
        const std::size_t count = content_.copy(into.data(), into.size(), at_);
        at_ += count;
        co_return count;
    }
    bool rewind() override {
        at_ = 0;
        return true;
    }
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return content_.size(); }

private:
    const std::string_view content_;
    std::size_t at_ = 0;
};

/// It is always the same time.
class StoppedClock final : public Clock {
public:
    [[nodiscard]] Time now() const override { return Time(); }
    [[nodiscard]] std::chrono::seconds since_epoch() const override { return {}; }
};

}  // namespace tern

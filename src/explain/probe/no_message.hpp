// The message of an environment in which none is sent.
#pragma once

#include "base/message_source.hpp"

namespace tern::explain {

class NoMessage final : public MessageSource {
public:
    Task<std::size_t> read_some(std::span<char> into, Deadline deadline) override {
        (void)into;
        (void)deadline;
        co_return std::size_t(0);
    }
    bool rewind() override { return true; }
};

}  // namespace tern::explain

// The system's clocks.
#pragma once

#include "base/clock.hpp"

namespace tern::os {

/// CLOCK_MONOTONIC and CLOCK_REALTIME: what libstdc++ reads them from on Linux.
class SystemClock final : public Clock {
public:
    [[nodiscard]] Time now() const override { return std::chrono::steady_clock::now(); }
    [[nodiscard]] std::chrono::seconds since_epoch() const override {
        return std::chrono::floor<std::chrono::seconds>(
            std::chrono::system_clock::now().time_since_epoch());
    }
};

}  // namespace tern::os

// Chance from the kernel.
#pragma once

#include <array>
#include <cstddef>

#include "base/random.hpp"

namespace tern::os {

/// Random numbers of getrandom(2), fetched some at a time.
class SystemRandom final : public Random {
public:
    /// Throws std::system_error where the kernel gives none (older than Linux 3.17).
    std::uint32_t below(std::uint32_t bound) override;

private:
    std::uint32_t next();

    std::array<std::uint32_t, 64> numbers_{};  // 256 bytes: getrandom(2) gives these whole
    std::size_t used_ = 64;
};

}  // namespace tern::os

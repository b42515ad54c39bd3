// Chance as a parameter: the system's in production, seeded in tests.
#pragma once

#include <cstdint>

namespace tern {

/// Gives random numbers: order of equal exchangers, jitter of back-off, nonces of AUTH. In
/// production they cannot be foreseen (getrandom(2)).
class Random {
public:
    Random() = default;
    Random(const Random&) = delete;
    Random& operator=(const Random&) = delete;
    virtual ~Random() = default;

    /// A number in 0 .. bound - 1, evenly spread; bound must be at least 1.
    virtual std::uint32_t below(std::uint32_t bound) = 0;
};

}  // namespace tern

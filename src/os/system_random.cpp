// Even numbers from getrandom(2); see system_random.hpp.
#include "os/system_random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <system_error>

namespace tern::os {

std::uint32_t SystemRandom::below(std::uint32_t bound) {
    // Of 2^32 numbers the first 2^32 mod bound would make the small ones likelier.
    const std::uint32_t uneven = (0U - bound) % bound;
    for (;;) {
        const std::uint32_t number = next();
        if (number >= uneven) return number % bound;
    }
}

std::uint32_t SystemRandom::next() {
    while (used_ == numbers_.size()) {
        const ssize_t got = ::getrandom(numbers_.data(), sizeof numbers_, 0);
        if (got == static_cast<ssize_t>(sizeof numbers_)) used_ = 0;
        else if (got < 0 && errno != EINTR)
            throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    return numbers_[used_++];
}

}  // namespace tern::os

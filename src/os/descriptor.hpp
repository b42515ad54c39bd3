// A file descriptor that closes itself. Nothing else: its owner decides what is done with it.
#pragma once

#include <unistd.h>

#include <utility>

namespace tern::os {

class Descriptor {
public:
    Descriptor() = default;
    /// Owns `fd` from here on; a negative one means none.
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() { close(); }

    [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }
    [[nodiscard]] int get() const { return fd_; }

    /// Closes it now. What close(2) says is of no use: Linux has let go of it in any case.
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

private:
    int fd_ = -1;
};

}  // namespace tern::os

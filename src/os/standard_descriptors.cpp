// Standard input, output and error; see standard_descriptors.hpp.
#include "os/standard_descriptors.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace tern::os {

bool standard_input_is_readable() {
    const int flags = ::fcntl(STDIN_FILENO, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) != O_WRONLY && (flags & O_PATH) == 0;
}

bool standard_output_is_writable() {
    const int flags = ::fcntl(STDOUT_FILENO, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && (flags & O_PATH) == 0;
}

bool fill_standard_descriptors() {
    std::array<pollfd, 3> all{{{STDIN_FILENO, 0, 0}, {STDOUT_FILENO, 0, 0}, {STDERR_FILENO, 0, 0}}};
    const auto is_open = [](const pollfd& each) { return (each.revents & POLLNVAL) == 0; };
    if (::poll(all.data(), all.size(), 0) >= 0 && std::ranges::all_of(all, is_open)) return true;
    for (;;) {
        // A chroot without /dev still has its root directory, which takes the place as well.
        int fd = ::open("/dev/null", O_RDWR);
        if (fd < 0) fd = ::open("/", O_RDONLY | O_DIRECTORY);
        if (fd < 0) return false;
        if (fd > STDERR_FILENO) return ::close(fd) == 0;
    }
}

void write_report(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
        if (written > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(written));
        } else if (written < 0 && errno == EAGAIN) {
            pollfd wait{STDOUT_FILENO, POLLOUT, 0};
            if (::poll(&wait, 1, -1) < 0 && errno != EINTR) return;
        } else if (written == 0 || errno != EINTR) {
            return;
        }
    }
}

}  // namespace tern::os

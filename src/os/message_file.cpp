// Reads the message; see message_file.hpp.
#include "os/message_file.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace tern::os {
namespace {

// Milliseconds for poll(2), rounded up so that it never spins before the deadline.
int poll_timeout(Duration left) {
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::clamp<long long>(milliseconds, 0, INT_MAX));
}

}  // namespace

MessageFile::MessageFile(int fd, const Clock& clock) : fd_(fd), clock_(clock) {
    struct stat status;
    const off_t at = ::lseek(fd, 0, SEEK_CUR);
    seekable_ = at >= 0 && ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    if (seekable_) start_ = offset_ = at;
}

Task<std::size_t> MessageFile::read_some(std::span<char> into, Deadline deadline) {
    for (;;) {
        if (!seekable_) {
            pollfd wait{fd_, POLLIN, 0};
            const int ready = ::poll(&wait, 1, poll_timeout(deadline - clock_.now()));
            if (ready == 0)
                co_return Failure(Stage::body, Cause::message_source,
                                  "standard input gave nothing for timeoutremote");
            if (ready < 0 && errno == EINTR) continue;
        }
        const ssize_t got = seekable_ ? ::pread(fd_, into.data(), into.size(), offset_)
                                      : ::read(fd_, into.data(), into.size());
        if (got >= 0) {
            offset_ += got;
            co_return static_cast<std::size_t>(got);
        }
        if (errno != EINTR && errno != EAGAIN)
            co_return Failure(Stage::body, Cause::message_source, strerrordesc_np(errno));
    }
}

bool MessageFile::rewind() {
    if (!seekable_) return offset_ == 0;
    offset_ = start_;
    return true;
}

}  // namespace tern::os

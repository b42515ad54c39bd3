// Reads the message; see message_file.hpp.
#include "os/message_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "os/error_words.hpp"

namespace tern::os {
MessageFile::MessageFile(int fd, Reactor& reactor) : fd_(fd), reactor_(reactor) {
    struct stat status;
    const off_t at = ::lseek(fd, 0, SEEK_CUR);
    seekable_ = at >= 0 && ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    if (!seekable_) return;
    start_ = offset_ = at;
    end_ = std::max(at, status.st_size);
}

Task<std::size_t> MessageFile::read_some(std::span<char> into, Deadline deadline) {
    for (;;) {
        if (!seekable_) {
            const Readiness readiness = co_await reactor_.wait(fd_, POLLIN, deadline);
            if (readiness == Readiness::cancelled) co_return cancelled();
            if (readiness == Readiness::timed_out)
                co_return Failure(Stage::body, Cause::message_source,
                                  "no data from standard input within timeoutremote");
        }
        if (ended_) co_return 0;
        const ssize_t got = seekable_ ? ::pread(fd_, into.data(), into.size(), offset_)
                                      : ::read(fd_, into.data(), into.size());
        if (got >= 0) {
            offset_ += got;
            // The size that fstat(2) gave, and no byte after it: that was the end.
            ended_ = seekable_ && offset_ == end_ && static_cast<std::size_t>(got) < into.size();
            co_return static_cast<std::size_t>(got);
        }
        if (errno != EINTR && errno != EAGAIN)
            co_return Failure(Stage::body, Cause::message_source, error_words(errno));
    }
}

bool MessageFile::rewind() {
    if (!seekable_) return offset_ == 0;
    offset_ = start_;
    ended_ = false;
    return true;
}

std::optional<std::uint64_t> MessageFile::size() const {
    if (!seekable_) return std::nullopt;
    return static_cast<std::uint64_t>(end_ - start_);
}

}  // namespace tern::os

// The file of the table; see tcpto_table.hpp.
#include "os/tcpto_table.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/text.hpp"
#include "os/error_words.hpp"

namespace tern::os {
namespace {

constexpr Duration between_tries = std::chrono::milliseconds(5);  // a lock is held much shorter

tl::unexpected<Failure> trouble(std::string words) {
    return fail(Stage::start, Cause::resources, std::move(words));
}

// O_NONBLOCK: whatever is in the table's place, opening it must not wait.
constexpr int how = O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

// queue/lock belongs to qmailq, who can make each name there, and lock itself, a link to a file of
// root's. So root follows none: neither in the last two components, nor a second name of a file.
Result<Descriptor> open_as_root(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const bool alone = slash == std::string::npos;
    const std::string directory = alone ? "." : path.substr(0, slash + (slash == 0 ? 1 : 0));
    const Descriptor lock(
        ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!lock && errno == ENOTDIR) return trouble(concat(directory, " is not a directory"));
    if (!lock) return trouble(concat(directory, ": ", error_words(errno)));
    const char* const name = path.c_str() + (alone ? 0 : slash + 1);
    Descriptor file(::openat(lock.get(), name, how | O_NOFOLLOW));
    if (!file && errno == ELOOP) return trouble("it is a symbolic link");
    if (!file) return trouble(error_words(errno));
    return file;
}

Result<Descriptor> open_as_user(const std::string& path) {
    Descriptor file(::open(path.c_str(), how));
    if (!file) return trouble(error_words(errno));
    return file;
}

}  // namespace

Result<TcptoTable> TcptoTable::open(const std::string& path) {
    const bool root = ::geteuid() == 0;
    Result<Descriptor> file = root ? open_as_root(path) : open_as_user(path);
    if (!file) return tl::unexpected<Failure>(file.error());
    struct stat status {};
    if (::fstat(file->get(), &status) != 0) return trouble(error_words(errno));
    if (!S_ISREG(status.st_mode)) return trouble("it is not a regular file");
    if (root && status.st_nlink != 1) return trouble("the file has another hard link");
    return TcptoTable(std::move(*file));
}

// flock(2) itself would wait for ever on a holder that was stopped. False: another process holds
// the lock.
Result<bool> TcptoTable::try_lock() {
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) == 0) return true;
    if (errno == EWOULDBLOCK || errno == EINTR) return false;
    return trouble(error_words(errno));
}

// A lock has no descriptor that becomes ready: it is tried again and again.
Task<Done> TcptoTable::lock(Reactor& reactor, const Clock& clock, Duration timeout) {
    std::optional<Deadline> until;
    for (;;) {
        const Result<bool> locked = try_lock();
        if (!locked) co_return locked.error();
        if (*locked) co_return Done();
        const Time now = clock.now();
        if (!until) until = now + timeout;
        if (now >= *until)
            co_return Failure(Stage::start, Cause::resources, "another program holds the lock");
        const Deadline next = std::min<Deadline>(*until, now + between_tries);
        if (co_await reactor.wait(next) == Readiness::cancelled) co_return cancelled();
    }
}

Result<TcptoBytes> TcptoTable::read(const os::backoff::Layout& layout) {
    // One byte more than a table may have shows whether it is one.
    const std::size_t most = layout.largest_table();
    TcptoBytes bytes(most + 1);
    std::size_t size = 0;
    while (size <= most) {
        const ssize_t got = ::pread(file_.get(), bytes.data() + size, most + 1 - size,
                                    static_cast<off_t>(size));
        if (got == 0) break;
        if (got > 0) size += static_cast<std::size_t>(got);
        else if (errno != EINTR) return trouble(error_words(errno));
    }
    if (size > most)
        return trouble(
            concat("it holds more than ", most, " bytes: the format of another program"));
    bytes.resize(size);
    return bytes;
}

Result<Done> TcptoTable::write(std::span<const unsigned char> bytes, std::size_t offset) {
    while (!bytes.empty()) {
        const ssize_t written =
            ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(written));
            offset += static_cast<std::size_t>(written);
        } else if (written == 0 || errno != EINTR) {
            return trouble(error_words(written == 0 ? EIO : errno));
        }
    }
    return Done();
}

}  // namespace tern::os

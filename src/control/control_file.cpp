// Reads control files; see control_file.hpp.
#include "control/control_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>

#include "base/ascii.hpp"
#include "base/error_words.hpp"
#include "base/lines.hpp"
#include "base/text.hpp"
#include "routing/control_lines.hpp"

namespace tern::control {
namespace {

constexpr std::size_t largest_file = std::size_t{64} << 20;
constexpr std::size_t first_block = 4096;  // of a file of unknown size
// Larger ones are not faster to read, and each further page takes 2 us.
constexpr std::size_t usual_block = std::size_t{64} << 10;

tl::unexpected<Failure> unreadable(const std::string& path, int error) {
    return fail(Stage::start, Cause::control_file, concat(path, ": ", error_words(error)));
}

// A name longer than the file system takes cannot exist either.
bool means_absent(int error) {
    return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG;
}

// POSIX leaves open whether a listing has a name that was added after the directory was opened,
// even by a rename that replaced another name: btrfs leaves it out. These file systems list it.
bool lists_what_was_replaced(int directory) {
    struct statfs about {};
    if (::fstatfs(directory, &about) != 0) return false;
    return about.f_type == EXT4_SUPER_MAGIC || about.f_type == XFS_SUPER_MAGIC ||
           about.f_type == TMPFS_MAGIC;
}

// Reads a file to its end into `content`, whose room is at first one byte more than the file has,
// or `most_room`; where it is full, `make_room` gives where to go on. Gives what is filled at the
// end, nothing when there is no such file.
template <class Text, class MakeRoom>
Result<std::optional<std::size_t>> read_into(Text& content, const std::string& path,
                                             std::size_t most_room, MakeRoom make_room) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        if (means_absent(errno)) return std::nullopt;
        return unreadable(path, errno);
    }
    struct stat status;
    const bool sized = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
    const auto size = sized ? static_cast<std::size_t>(status.st_size) : first_block;
    content.resize(std::min(size + 1, most_room));
    std::size_t filled = 0;
    int error = 0;
    for (std::size_t all = 0;;) {
        if (filled == content.size()) filled = make_room();
        const ssize_t got = ::read(fd, content.data() + filled, content.size() - filled);
        if (got > 0) {
            filled += static_cast<std::size_t>(got);
            all += static_cast<std::size_t>(got);
        } else if (got == 0 || errno != EINTR) {
            error = got < 0 ? errno : 0;
            break;
        }
        if (all > largest_file) {
            error = EFBIG;
            break;
        }
        // The size that fstat(2) gave, and no byte after it: that was the end.
        if (sized && all == size && filled < content.size()) break;
    }
    ::close(fd);
    if (error != 0) return unreadable(path, error);
    return filled;
}

template <class Text>
Result<std::optional<Text>> read_all(Text content, const std::string& path) {
    const auto double_room = [&content] {
        const std::size_t filled = content.size();
        content.resize(2 * filled);
        return filled;
    };
    return read_into(content, path, largest_file + 1, double_room)
        .map([&content](std::optional<std::size_t> filled) {
            if (!filled) return std::optional<Text>();
            content.resize(*filled);
            return std::optional<Text>(std::move(content));
        });
}

}  // namespace

Listing::Listing(const std::string& path) : names_(1, '\0') {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    if (fd < 0) {
        known_ = means_absent(errno);
        return;
    }
    if (!lists_what_was_replaced(fd)) {
        known_ = false;
        ::close(fd);
        return;
    }
    // One getdents64(2) holds the directory's lock; a name that is renamed between two of them may
    // be in neither. A directory that does not fit in one is unknown.
    constexpr std::size_t room = 8192;
    const auto entries = std::make_unique_for_overwrite<char[]>(room);
    const ssize_t filled = ::getdents64(fd, entries.get(), room);
    for (std::size_t at = 0; filled > 0 && at < static_cast<std::size_t>(filled);) {
        const char* const entry = entries.get() + at;
        unsigned short length = 0;
        std::memcpy(&length, entry + offsetof(dirent64, d_reclen), sizeof length);
        names_ += entry + offsetof(dirent64, d_name);
        names_ += '\0';
        at += length;
    }
    known_ = filled >= 0 && ::getdents64(fd, entries.get(), room) == 0;
    ::close(fd);
}

bool Listing::may_have(std::string_view name) const {
    if (!known_) return true;
    for (std::size_t at = names_.find(name); at != names_.npos; at = names_.find(name, at + 1)) {
        if (names_[at - 1] == '\0' && names_[at + name.size()] == '\0') return true;
    }
    return false;
}

Result<std::optional<std::string>> read_file(const std::string& path) {
    return read_all(std::string(), path);
}

Result<std::optional<WipedText>> read_secret_file(const std::string& path) {
    WipedText content;
    content.reserve(beyond_short);
    return read_all(std::move(content), path);
}

Result<bool> read_blocks(const std::string& path,
                         const std::function<void(std::string_view)>& take) {
    WipedText block;
    block.reserve(beyond_short);
    const auto hand_over = [&block, &take] {
        const std::size_t filled = block.size();
        const std::size_t lines = block.rfind('\n') + 1;
        if (lines == 0) {
            block.resize(2 * filled);
            return filled;
        }
        take(std::string_view(block).substr(0, lines));
        std::memmove(block.data(), block.data() + lines, filled - lines);
        return filled - lines;
    };
    return read_into(block, path, usual_block, hand_over)
        .map([&block, &take](std::optional<std::size_t> filled) {
            if (filled && *filled > 0) take(std::string_view(block).substr(0, *filled));
            return filled.has_value();
        });
}

Result<bool> exists(const std::string& path) {
    struct stat status;
    if (::stat(path.c_str(), &status) == 0) return true;
    if (means_absent(errno)) return false;
    return unreadable(path, errno);
}

Result<bool> is_named(const std::string& path) {
    struct stat status;
    if (::lstat(path.c_str(), &status) == 0) return true;
    if (means_absent(errno)) return false;
    return unreadable(path, errno);
}

Result<bool> has_directory(const std::string& path) {
    const Result<bool> named = is_named(path);
    if (!named || !*named) return named;
    struct stat status;
    if (::stat(path.c_str(), &status) == 0)
        return S_ISDIR(status.st_mode) ? Result<bool>(true) : unreadable(path, ENOTDIR);
    if (errno != ENOENT) return unreadable(path, errno);
    return fail(Stage::start, Cause::control_file, path + ": a dangling symbolic link");
}

Result<std::optional<std::string>> read_line(const std::string& path) {
    Result<std::optional<std::string>> content = read_file(path);
    if (content && *content)
        *content = std::string(trim_end(first_line(**content)));
    return content;
}

Result<std::uint64_t> read_number(const std::string& path, std::uint64_t otherwise,
                                  std::uint64_t most) {
    return read_line(path).map([&](const std::optional<std::string>& line) {
        return line ? leading_number(*line, most).value_or(otherwise) : otherwise;
    });
}

Result<std::string> read_list(const std::string& path, char separator) {
    const Result<std::optional<std::string>> content = read_file(path);
    if (!content) return tl::unexpected<Failure>(content.error());
    std::string joined;
    const std::string_view all = *content ? std::string_view(**content) : std::string_view();
    for (Lines lines(all); lines.next();) {
        if (routing::is_blank_or_comment(lines.line())) continue;
        if (!joined.empty()) joined += separator;
        joined += trim_end(lines.line());
    }
    return joined;
}

}  // namespace tern::control

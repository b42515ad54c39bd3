// Control files by qmail's rules (qmail-control(5)): one line, a number, a list. It knows no names.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/failure.hpp"
#include "base/secret.hpp"

namespace tern::control {

/// The names in a directory: one system call for the many files that do not exist. Names
/// that contain a slash are not handled here.
class Listing {
public:
    /// Reads the directory. One that cannot be read may have any name; one that does not exist has
    /// none.
    explicit Listing(const std::string& path);
    /// False when `name` (not empty) was surely not there.
    [[nodiscard]] bool may_have(std::string_view name) const;

private:
    bool known_ = true;
    std::string names_;  // each between two NULs
};

/// The whole of `path`; nothing when it does not exist. Fails with Cause::control_file when it
/// cannot be read, is a directory, or exceeds 64 MB; the detail names the file and says why.
[[nodiscard]] Result<std::optional<std::string>> read_file(const std::string& path);

/// The same for a file that may hold passwords or a token: no copy of it stays in memory.
[[nodiscard]] Result<std::optional<WipedText>> read_secret_file(const std::string& path);

/// Passes on the whole of `path` in blocks of about 64 KB, of whole lines with their newlines;
/// the last line may have none. They are wiped afterwards: passwords may be in them. Gives false
/// when the file does not exist; fails as read_file, perhaps after some blocks.
[[nodiscard]] Result<bool> read_blocks(const std::string& path,
                                       const std::function<void(std::string_view)>& take);

/// Whether `path` exists; where that is unknown, a Failure as above.
[[nodiscard]] Result<bool> exists(const std::string& path);

/// The same, where a dangling symbolic link counts as well.
[[nodiscard]] Result<bool> is_named(const std::string& path);

/// Whether the directory `path` exists. What has its name and is not one, as a dangling symbolic
/// link, is a Failure as well.
[[nodiscard]] Result<bool> has_directory(const std::string& path);

/// The first line, without trailing blanks, tabs and newlines; nothing when the file does not
/// exist.
[[nodiscard]] Result<std::optional<std::string>> read_line(const std::string& path);

/// The number its leading digits make, at most `most`; `otherwise` without the file or digits.
[[nodiscard]] Result<std::uint64_t> read_number(const std::string& path, std::uint64_t otherwise,
                                                std::uint64_t most);

/// Its lines without trailing blanks, joined by `separator`; empty ones and those that begin with
/// '#' are left out.
[[nodiscard]] Result<std::string> read_list(const std::string& path, char separator);

}  // namespace tern::control

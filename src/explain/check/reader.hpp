// Whether the user that qmail-remote runs as may read a file. It changes nothing; for a moment it
// takes on that user's rights, as root can.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tern::explain {

/// A user of this host.
struct LocalUser {
    std::string name;
    ::uid_t uid = 0;
    ::gid_t gid = 0;
};

/// The user of that name in the text of a passwd(5) file, or `UID:GID`. Name services beyond the
/// file are not used: a static program cannot.
[[nodiscard]] std::optional<LocalUser> find_local_user(std::string_view passwd,
                                                       std::string_view name);

/// Asks the kernel as another user. Only one may exist at a time, in a program of one thread.
class Reader {
public:
    /// `name` is the user's, who may be unknown here.
    Reader(std::string name, std::optional<LocalUser> who);

    /// Whether that can be found out: this process is root's or that user's.
    [[nodiscard]] bool can_tell() const { return can_tell_; }
    /// False when the user is surely not allowed to; true as well when that is unknown, or when the
    /// file does not exist.
    [[nodiscard]] bool may_read(const std::string& path) const;
    [[nodiscard]] bool may_read_and_write(const std::string& path) const;
    /// Of a directory: whether files in it can be reached, and listed.
    [[nodiscard]] bool may_enter(const std::string& path) const;
    [[nodiscard]] bool knows_user() const { return who_.has_value(); }
    [[nodiscard]] const std::string& name() const { return name_; }
    /// The command that lets the user read a file which others may not.
    [[nodiscard]] std::string how_to_share(const std::string& path) const;
    /// The command that replaces a file by one of zeros which the user reads and writes. It has the
    /// rights of the owner of its directory and no others: there a name may be a link to any file.
    [[nodiscard]] std::string how_to_fill(const std::string& path, std::size_t size) const;

private:
    [[nodiscard]] bool may(const std::string& path, int how) const;

    std::string name_;
    std::optional<LocalUser> who_;
    bool can_tell_ = false;
};

}  // namespace tern::explain

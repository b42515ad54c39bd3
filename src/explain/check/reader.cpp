// Rights of another user; see reader.hpp.
#include "explain/check/reader.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <vector>

#include "base/ascii.hpp"
#include "base/lines.hpp"
#include "base/text.hpp"

namespace tern::explain {
namespace {

std::optional<unsigned> whole_number(std::string_view digits) {
    if (digits.empty() || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
    constexpr std::uint64_t most = std::numeric_limits<unsigned>::max();
    return static_cast<unsigned>(*leading_number(digits, most));
}

/// While it exists the process has the rights of `who`, if it was root.
class Impersonation {
public:
    explicit Impersonation(const LocalUser& who) {
        if (::geteuid() != 0) return;
        groups_.resize(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
        if (::getgroups(static_cast<int>(groups_.size()), groups_.data()) < 0) return;
        gid_ = ::getegid();
        // qmail-start leaves its programs no other group but their own.
        if (::setgroups(1, &who.gid) != 0 || ::setegid(who.gid) != 0 || ::seteuid(who.uid) != 0)
            std::abort();  // with some of the rights the answer would be wrong
        active_ = true;
    }
    ~Impersonation() {
        if (!active_) return;
        if (::seteuid(0) != 0 || ::setegid(gid_) != 0 ||
            ::setgroups(groups_.size(), groups_.data()) != 0)
            std::abort();
    }
    Impersonation(const Impersonation&) = delete;
    Impersonation& operator=(const Impersonation&) = delete;

private:
    std::vector<::gid_t> groups_;
    ::gid_t gid_ = 0;
    bool active_ = false;
};

}  // namespace

std::optional<LocalUser> find_local_user(std::string_view passwd, std::string_view name) {
    if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
        const std::optional<unsigned> uid = whole_number(name.substr(0, colon));
        const std::optional<unsigned> gid = whole_number(name.substr(colon + 1));
        if (!uid || !gid) return std::nullopt;
        return LocalUser{std::string(name), *uid, *gid};
    }
    for (Lines lines(passwd); lines.next();) {
        std::string_view line = lines.line();
        std::array<std::string_view, 4> fields;  // name, password, uid, gid
        for (std::string_view& field : fields) field = next_field(line, ':');
        const std::optional<unsigned> uid = whole_number(fields[2]);
        const std::optional<unsigned> gid = whole_number(fields[3]);
        if (!name.empty() && fields[0] == name && uid && gid)
            return LocalUser{std::string(name), *uid, *gid};
    }
    return std::nullopt;
}

Reader::Reader(std::string name, std::optional<LocalUser> who)
    : name_(std::move(name)), who_(std::move(who)) {
    can_tell_ = who_ && (::geteuid() == 0 || ::geteuid() == who_->uid);
}

bool Reader::may(const std::string& path, int how) const {
    if (!can_tell_) return true;
    const Impersonation rights(*who_);
    return ::faccessat(AT_FDCWD, path.c_str(), how, AT_EACCESS) == 0 ||
           (errno != EACCES && errno != EPERM && errno != EROFS);
}

std::string Reader::how_to_share(const std::string& path) const {
    const std::string group = who_ ? concat(who_->gid) : concat("GROUP-OF-", name_);
    return concat("chgrp ", group, " ", path, " && chmod 640 ", path);
}

std::string Reader::how_to_fill(const std::string& path, std::size_t size) const {
    struct stat directory = {};
    const std::string inside = path.substr(0, path.rfind('/'));
    const bool known = ::stat(inside.c_str(), &directory) == 0;
    const std::string owner = known ? concat(directory.st_uid) : concat("OWNER-OF-", inside);
    const std::string group = who_ ? concat(who_->gid) : concat("GROUP-OF-", name_);
    return concat("setpriv --reuid ", owner, " --regid ", group,
                  " --clear-groups sh -c 'umask 117; rm -f ", path, "; head -c ", size,
                  " /dev/zero >", path, "'");
}

bool Reader::may_read(const std::string& path) const { return may(path, R_OK); }
bool Reader::may_read_and_write(const std::string& path) const { return may(path, R_OK | W_OK); }
bool Reader::may_enter(const std::string& path) const { return may(path, X_OK); }

}  // namespace tern::explain

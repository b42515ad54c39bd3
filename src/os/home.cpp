// Finds qmail's home; see home.hpp.
#include "os/home.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "base/text.hpp"
#include "os/error_words.hpp"

#ifndef TERN_QMAIL_HOME
#define TERN_QMAIL_HOME "/var/qmail"
#endif

namespace tern::os {
namespace {

// The path of this program's file; empty without /proc, as in a chroot. A program that was
// replaced while it runs has " (deleted)" after its name, which does not matter here.
std::string_view own_path(std::array<char, PATH_MAX>& space) {
    const ssize_t size = ::readlink("/proc/self/exe", space.data(), space.size());
    if (size <= 0 || static_cast<std::size_t>(size) == space.size()) return {};
    return {space.data(), static_cast<std::size_t>(size)};
}

// contract.md#home: only a directory that has control/ is one. Where that cannot be found out, mail
// is deferred: another home's control files would send it another way.
Result<std::string> home_by_place() {
    std::array<char, PATH_MAX> space;
    std::optional<std::string> home = home_of_program(own_path(space));
    if (!home) return TERN_QMAIL_HOME;
    const std::string control = *home + (*home == "/" ? "control" : "/control");
    struct stat status {};
    if (::stat(control.c_str(), &status) == 0) return *home;
    if (errno == ENOENT || errno == ENOTDIR) return TERN_QMAIL_HOME;
    return fail(Stage::start, Cause::home, concat(control, ": ", error_words(errno)));
}

}  // namespace

std::optional<std::string> home_of_program(std::string_view program) {
    constexpr std::string_view bin = "/bin";
    const std::size_t name = program.rfind('/');
    if (!program.starts_with('/') || name + 1 == program.size()) return std::nullopt;
    const std::string_view directory = program.substr(0, name);
    if (!directory.ends_with(bin)) return std::nullopt;
    const std::string_view home = directory.substr(0, directory.size() - bin.size());
    return std::string(home.empty() ? "/" : home);
}

Result<std::string> home_directory() {
    const char* const named = std::getenv("QMAILHOME");
    std::string home(named == nullptr ? "" : named);
    if (home.empty()) return home_by_place();
    if (home.front() != '/')
        return fail(Stage::start, Cause::home,
                    concat("the environment variable QMAILHOME is not an absolute path: ", home));
    return home;
}

}  // namespace tern::os

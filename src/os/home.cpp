// Finds qmail's home; see home.hpp.
#include "os/home.hpp"

#include <cstdlib>

#include "base/text.hpp"

#ifndef TERN_QMAIL_HOME
#define TERN_QMAIL_HOME "/var/qmail"
#endif

namespace tern::os {

Result<std::string> home_directory() {
    const char* const named = std::getenv("QMAILHOME");
    std::string home(named == nullptr ? "" : named);
    if (home.empty()) return TERN_QMAIL_HOME;
    if (home.front() != '/')
        return fail(Stage::start, Cause::home,
                    text("the environment variable QMAILHOME is no absolute path: ", home));
    return home;
}

}  // namespace tern::os

// No core dumps; see no_core_dump.hpp.
#include "os/no_core_dump.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace tern::os {

void forbid_core_dumps() noexcept {
    // A limit of 0 keeps files away. Where core_pattern is a pipe the kernel ignores it, and heeds
    // the dumpable flag (core(5)).
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace tern::os

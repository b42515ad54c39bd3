// Keeps what the process holds in memory out of files and out of other processes' sight.
#pragma once

namespace tern::os {

/// From here on a crash leaves no core dump and no process of the same user can look into this one
/// (RLIMIT_CORE, prctl(2) PR_SET_DUMPABLE). Called as soon as credentials are read. What the kernel
/// refuses stays as it is: it is a second fence, not the first.
void forbid_core_dumps() noexcept;

}  // namespace tern::os

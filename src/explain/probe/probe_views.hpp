// A probe as people read it, and as programs do.
#pragma once

#include <string>

#include "explain/show/paint.hpp"
#include "explain/probe/probe.hpp"

namespace tern::explain {

/// `now`: seconds since 1970, to show how long certificates are valid.
[[nodiscard]] std::string probe_text(const Probe& probe, const Paint& paint,
                                     std::chrono::seconds now);

/// One JSON object, UTF-8, ended by a newline; its fields are in tern-probe(8).
[[nodiscard]] std::string probe_json(const Probe& probe);

}  // namespace tern::explain

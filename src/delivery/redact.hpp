// Keeps what AUTH said out of reports.
#pragma once

#include <span>

#include "base/secret.hpp"
#include "delivery/report.hpp"

namespace tern::delivery {

/// A server that knows our credentials may repeat them in any later reply. Where a text of `report`
/// holds one of `said`, our own sentence in its first line stays and the server's words go.
void redact(Report& report, std::span<const Secret> said);

}  // namespace tern::delivery

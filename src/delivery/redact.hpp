// Keeps what AUTH said out of reports.
#pragma once

#include <span>

#include "base/secret.hpp"
#include "delivery/report.hpp"

namespace tern::delivery {

/// A server that knows our credentials may repeat them in any later reply. Of a line of a reply in
/// `report` that holds one of `said` only the codes stay (session::leave_out), and of a sentence of
/// ours that holds it among the server's words nothing. Words that are ours alone (own_phrases) are
/// no repetition, even if they are the secret.
void redact(Report& report, std::span<const Secret> said);

}  // namespace tern::delivery

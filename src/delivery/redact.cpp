// See redact.hpp.
#include "delivery/redact.hpp"

#include "base/text.hpp"
#include "session/authenticate.hpp"

namespace tern::delivery {
namespace {

void redact_text(std::string& words, std::span<const Secret> said) {
    if (!session::hold_any(words, said)) return;
    std::string ours = words.substr(0, words.find('\n'));
    if (session::hold_any(ours, said)) ours = "The mail was offered to a relay.";
    words = text(ours, "\nThe server's reply repeats our credentials and is left out.\n");
}

}  // namespace

void redact(Report& report, std::span<const Secret> said) {
    if (said.empty()) return;
    for (RecipientReport& recipient : report.recipients) redact_text(recipient.text, said);
    redact_text(report.text, said);
}

}  // namespace tern::delivery

// See redact.hpp.
#include "delivery/redact.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/lines.hpp"
#include "base/text.hpp"
#include "delivery/own_phrases.hpp"
#include "session/authenticate.hpp"

namespace tern::delivery {
namespace {

constexpr std::string_view left_out =
    "The server's reply repeats our credentials and is left out.\n";
constexpr std::string_view nothing_else =
    "The mail was offered to a relay.\nThe server's reply repeats our credentials and is left "
    "out.\n";
constexpr std::string_view reply_begins = "Remote host said: ";

std::string without_phrases(std::string words) {
    for (const std::string_view phrase : own_phrases())
        for (std::size_t at = 0; (at = words.find(phrase, at)) != words.npos;)
            words.replace(at, phrase.size(), "\n");
    return words;
}

bool is_in_a_phrase(std::string_view words, std::span<const Secret> said) {
    return std::ranges::any_of(own_phrases(), [&](std::string_view phrase) {
        return words.find(phrase) != words.npos && session::hold_any(phrase, said);
    });
}

// Whether words of ours and of others repeat a secret, but for what is ours alone.
bool repeat(std::string_view words, std::span<const Secret> said) {
    if (!session::hold_any(words, said)) return false;
    return !is_in_a_phrase(words, said) ||
           session::hold_any(without_phrases(std::string(words)), said);
}

bool is_line_of_reply(std::string_view line) {
    const auto digits = static_cast<std::size_t>(
        std::ranges::find_if_not(line, is_digit) - line.begin());
    return digits == 3 && (line.size() == 3 || line[3] == ' ' || line[3] == '-');
}

// The reply at the front of `words`, after "Remote host said: ".
std::string take_reply(std::string_view& words) {
    std::string reply = concat(next_field(words, '\n'), "\n");
    while (is_line_of_reply(first_line(words)))
        reply += concat(next_field(words, '\n'), "\n");
    return reply;
}

// Line by line. The first is replaced, not dropped: no later line begins a report.
std::string redacted(std::string_view words, std::span<const Secret> said) {
    std::string kept;
    for (bool is_first = true; !words.empty(); is_first = false) {
        if (words.starts_with(reply_begins)) {
            words.remove_prefix(reply_begins.size());
            const std::string reply = session::leave_out(take_reply(words), said);
            if (!reply.empty()) kept += concat(reply_begins, reply);
            continue;
        }
        const std::string_view line = next_field(words, '\n');
        if (!repeat(line, said)) kept += concat(line, "\n");
        else if (is_first) kept += nothing_else.substr(0, nothing_else.find('\n') + 1);
    }
    return kept;
}

void redact_text(std::string& words, std::span<const Secret> said) {
    if (!session::hold_any(words, said)) return;
    if (!words.ends_with('\n')) words += '\n';
    std::string kept = redacted(words, said);
    if (kept == words && !repeat(words, said)) return;
    kept += left_out;
    // A secret may be spread over lines of which none has all of it.
    if (repeat(kept, said)) kept = concat(kept.substr(0, kept.find('\n') + 1), left_out);
    words = repeat(kept, said) ? std::string(nothing_else) : std::move(kept);
}

}  // namespace

void redact(Report& report, std::span<const Secret> said) {
    if (said.empty()) return;
    for (RecipientReport& recipient : report.recipients) redact_text(recipient.text, said);
    redact_text(report.text, said);
}

}  // namespace tern::delivery

// The table of verdicts; see verdict.hpp. It follows contract.md#next-exchanger.
#include "delivery/verdict.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/ascii.hpp"

namespace tern::delivery {
namespace {

constexpr Verdict rejected{Letter::rejected, Next::settle, false};
constexpr Verdict rejected_unless_another{Letter::rejected, Next::another, false};
constexpr Verdict deferred{Letter::deferred, Next::settle, false};
constexpr Verdict try_another{Letter::deferred, Next::another, false};

constexpr int closing = 421;  // RFC 5321 3.8

constexpr bool transient(int code) {
    return code / 100 == 4;
}

Verdict by_code(int code) {
    return transient(code) ? deferred : rejected;
}

bool contains_ignoring_case(std::string_view text, std::string_view word) {
    const auto equal = [](char a, char b) { return to_lower(a) == to_lower(b); };
    return std::search(text.begin(), text.end(), word.begin(), word.end(), equal) != text.end();
}

// TLS was not achieved between the connection and the first reply inside TLS.
Verdict judge_tls(const Circumstances& circumstances) {
    Verdict verdict = try_another;
    if (circumstances.requirement.is_required()) verdict.next = Next::another_requiring;
    else verdict.retry_in_clear = !circumstances.has_credentials;
    return verdict;
}

// 530 or its like in a session whose TLS failed says more of the TLS than of the mail.
bool wants_the_tls_that_failed(const Failure& failure, const Circumstances& circumstances) {
    return circumstances.tls_failed && !circumstances.secured && asks_for_tls(failure);
}

Verdict judge_refusal(const Failure& failure, const Circumstances& circumstances) {
    if (failure.stage == Stage::start_tls) return judge_tls(circumstances);
    if (failure.code() == closing) return try_another;
    switch (failure.stage) {
        case Stage::greeting:
            return try_another;
        // A name permanently refused by one server of a site is refused by the rest.
        case Stage::hello:
            return transient(failure.code()) ? try_another : deferred;
        case Stage::mail:
            return transient(failure.code()) || wants_the_tls_that_failed(failure, circumstances)
                       ? try_another
                       : rejected;
        default:
            return by_code(failure.code());
    }
}

Verdict judge_cause(const Failure& failure, const Circumstances& circumstances) {
    switch (failure.cause) {
        case Cause::rejected:
            return judge_refusal(failure, circumstances);
        case Cause::all_refused:
            if (wants_the_tls_that_failed(failure, circumstances)) return try_another;
            // Without a reply no RCPT was sent: the addresses need SMTPUTF8.
            if (!failure.reply) return rejected_unless_another;
            // qmail: D even when all were 4xx; the recipients' own letters carry the truth.
            return rejected;
        // What this server cannot take another exchanger may.
        case Cause::needs_smtputf8:
        case Cause::too_large:
            return rejected_unless_another;
        case Cause::partial_line:
        case Cause::no_such_host:
        case Cause::no_address:
        case Cause::null_mx:
        case Cause::loops_back:
        case Cause::bad_sender:
        case Cause::bad_recipients:
            return rejected;
        case Cause::injected: {
            Verdict verdict = judge_tls(circumstances);
            verdict.retry_in_clear = false;  // an attacker asked for it
            return verdict;
        }
        case Cause::tls_missing:
        case Cause::unverified:
            return judge_tls(circumstances);
        case Cause::tls:
        case Cause::timed_out:
        case Cause::closed:
        case Cause::protocol_error:
            return failure.stage == Stage::handshake || failure.stage == Stage::start_tls
                       ? judge_tls(circumstances)
                       : try_another;
        case Cause::refused:
        // Another relay of the route may let us in. Never a bounce: the operator mends it, and the
        // mail is not sent without credentials, which the relay would permanently refuse.
        case Cause::auth_missing:
        case Cause::auth_in_clear:
        case Cause::auth_no_mechanism:
        case Cause::auth_refused:
            return try_another;
        case Cause::control_file:
        case Cause::home:
        case Cause::message_source:
        case Cause::resources:
        case Cause::name_service:
        case Cause::no_relay:
        case Cause::cancelled:
            return deferred;
        case Cause::no_chunking:
            return Verdict{Letter::deferred, Next::same_without_chunking};
    }
    return deferred;
}

// From the connection to the end of the handshake: whatever went wrong, TLS was not achieved.
bool is_before_tls(const Failure& failure, const Circumstances& circumstances) {
    if (circumstances.secured) return false;
    if (failure.cause == Cause::control_file || failure.cause == Cause::resources ||
        failure.cause == Cause::cancelled)
        return false;
    return failure.stage >= Stage::greeting && failure.stage <= Stage::handshake;
}

}  // namespace

Verdict judge(const Failure& failure, const Circumstances& circumstances) {
    if (!circumstances.end_of_data_written && circumstances.requirement.is_required() &&
        is_before_tls(failure, circumstances))
        return Verdict{Letter::deferred, Next::another_requiring, false};
    const Verdict verdict = judge_cause(failure, circumstances);
    // contract.md#lost-or-doubled: only the server's own words count now, and only its refusal of
    // BDAT as a command, which says that nothing was taken, leaves another way.
    if (!circumstances.end_of_data_written || failure.cause == Cause::no_chunking) return verdict;
    const bool said = failure.cause == Cause::rejected || failure.cause == Cause::all_refused;
    return said && verdict.letter == Letter::rejected ? rejected : deferred;
}

Letter letter_before_any_server(const Failure& failure) {
    return judge(failure, Circumstances()).letter;
}

bool asks_for_tls(const Failure& refusal) {
    if (refusal.cause != Cause::rejected && refusal.cause != Cause::all_refused) return false;
    if (refusal.code() == 530) return true;
    if (!refusal.reply || !refusal.reply->permanent()) return false;
    const std::string_view words = refusal.reply->text;
    if (words.size() < 4 || !words.substr(4).starts_with("5.7.")) return false;
    constexpr std::array<std::string_view, 4> signs{"TLS", "encrypt", "SSL", "secure connection"};
    return std::ranges::any_of(
        signs, [words](std::string_view sign) { return contains_ignoring_case(words, sign); });
}

}  // namespace tern::delivery

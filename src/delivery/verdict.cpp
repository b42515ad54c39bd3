// The table of verdicts; see verdict.hpp. It follows the contract's list "The conversation".
#include "delivery/verdict.hpp"

namespace tern::delivery {
namespace {

constexpr Verdict rejected{Letter::rejected, Next::settle, false};
constexpr Verdict deferred{Letter::deferred, Next::settle, false};
constexpr Verdict try_another{Letter::deferred, Next::another, false};

constexpr bool transient(int code) { return code / 100 == 4; }

Verdict by_code(int code) { return transient(code) ? deferred : rejected; }

Verdict judge_refusal(const Failure& failure) {
    constexpr int closing = 421;  // RFC 5321 3.8
    if (failure.code == closing) return try_another;
    switch (failure.stage) {
        case Stage::greeting:
        case Stage::start_tls: return try_another;
        // A name refused for good by one server of a site is refused by the rest.
        case Stage::hello: return transient(failure.code) ? try_another : deferred;
        case Stage::mail: return transient(failure.code) ? try_another : rejected;
        default: return by_code(failure.code);
    }
}

Verdict judge_tls(const Failure& failure, const tls::Requirement& requirement) {
    Verdict verdict = try_another;
    if (requirement.demanded()) verdict.next = Next::another_demanding;
    else verdict.retry_in_clear = failure.cause != Cause::injected;
    return verdict;
}

Verdict judge_cause(const Failure& failure, const tls::Requirement& requirement) {
    switch (failure.cause) {
        case Cause::said_no: return judge_refusal(failure);
        // qmail: D even when all were 4xx; the recipients' own letters carry the truth.
        case Cause::all_refused:
        case Cause::needs_smtputf8:
        case Cause::too_large:
        case Cause::partial_line:
        case Cause::no_such_host:
        case Cause::no_address:
        case Cause::null_mx:
        case Cause::loops_back:
        case Cause::bad_sender:
        case Cause::bad_recipients: return rejected;
        case Cause::injected:
        case Cause::tls_missing:
        case Cause::unverified: return judge_tls(failure, requirement);
        case Cause::tls:  // behind the handshake: a connection lost like any other
        case Cause::timed_out:
        case Cause::closed:
            return failure.stage == Stage::handshake ? judge_tls(failure, requirement)
                                                     : try_another;
        case Cause::refused:
        case Cause::out_of_step:
        // Another relay of the route may let us in. Never a bounce: the operator mends it, and the
        // mail is not sent without credentials, which the relay would refuse for good.
        case Cause::auth_missing:
        case Cause::auth_in_clear:
        case Cause::auth_no_mechanism:
        case Cause::auth_refused: return try_another;
        case Cause::control_file:
        case Cause::home:
        case Cause::message_source:
        case Cause::resources:
        case Cause::name_service:
        case Cause::no_relay:
        case Cause::cancelled: return deferred;
        case Cause::no_chunking: return Verdict{Letter::deferred, Next::same_without_chunking};
    }
    return deferred;
}

}  // namespace

// Contract, "Lost or doubled": once the end of data was written only the server's own words count,
// and only its no to BDAT as a command, which says that nothing was taken, leaves another way.
Verdict judge(const Failure& failure, bool end_of_data_written,
              const tls::Requirement& requirement) {
    const Verdict verdict = judge_cause(failure, requirement);
    if (!end_of_data_written || failure.cause == Cause::no_chunking) return verdict;
    const bool said = failure.cause == Cause::said_no || failure.cause == Cause::all_refused;
    return said && verdict.letter == Letter::rejected ? rejected : deferred;
}

}  // namespace tern::delivery

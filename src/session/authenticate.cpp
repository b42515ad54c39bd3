// AUTH; see authenticate.hpp.
#include "session/authenticate.hpp"

#include <algorithm>
#include <memory>

#include "base/ascii.hpp"
#include "base/lines.hpp"
#include "base/text.hpp"
#include "sasl/base64.hpp"

namespace tern::session {
namespace {

// RFC 4954 4: an initial response that makes the command longer than this waits for the challenge.
constexpr std::size_t longest_command = 512;  // with CR LF
// RFC 4954 4, and the longest that a response may be.
constexpr std::size_t longest_challenge = 12288;
constexpr std::size_t telling = 12;  // bytes in a row that are no coincidence
constexpr std::size_t quoted = 300;  // bytes of what a server said about a token

constexpr int go_on = 334;
constexpr int too_weak = 534;  // RFC 4954 6

// RFC 4954 4: the mechanism is not known (504), or the command (502); some servers say the latter
// of a single mechanism.
bool is_unknown_mechanism(int code) { return code == 502 || code == 504; }

// A reply's or a secret's bytes as they are compared: printable ones, in lower case.
Secret compact(std::string_view text) {
    Secret made;
    for (const char c : text) {
        if (c == ' ' || is_control(c)) continue;
        const char lowered = to_lower(c);
        made.append(std::string_view(&lowered, 1));
    }
    return made;
}

std::string without_codes(std::string_view reply_text) {
    std::string words;
    for (Lines lines(reply_text); lines.next();)
        words += lines.line().substr(std::min<std::size_t>(lines.line().size(), 4));
    return words;
}

// "535-5.7.8" of a line of a reply (RFC 2034 4); nothing of one without a code.
std::string_view codes_of(std::string_view line) {
    constexpr std::size_t code = 3;
    const std::size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
    if (digits != code) return {};
    const std::size_t end = std::min(line.find_first_not_of("0123456789.", code + 1), line.size());
    const bool has_status = end > code + 1 && (end == line.size() || line[end] == ' ');
    return line.substr(0, has_status ? end : std::min(line.size(), code + 1));
}

bool holds(std::string_view words, std::string_view secret) {
    if (secret.empty()) return false;
    if (secret.size() <= telling) return words.find(secret) != std::string_view::npos;
    for (std::size_t at = 0; at + telling <= secret.size(); ++at)
        if (words.find(secret.substr(at, telling)) != std::string_view::npos) return true;
    return false;
}

// Whether a secret, or a telling part of one, begins in one line of a reply and ends in the next.
bool any_continues(std::string_view line, std::string_view next,
                   std::span<const Secret> secrets) {
    const Secret first = compact(without_codes(line));
    const Secret second = compact(without_codes(next));
    return std::ranges::any_of(secrets, [&](const Secret& secret) {
        const Secret sought = compact(secret.reveal());
        if (sought.empty()) return false;
        const std::size_t most = std::min(sought.size(), telling) - 1;
        Secret across(first.reveal().substr(first.size() - std::min(first.size(), most)));
        across.append(second.reveal().substr(0, most));
        return holds(across.reveal(), sought.reveal());
    });
}

// The challenge of a 334, decoded; nothing where it is none.
std::optional<std::string> challenge_of(const smtp::Reply& reply) {
    std::string_view line = reply.text;
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.find('\n') != std::string_view::npos) return std::nullopt;
    line.remove_prefix(std::min<std::size_t>(line.size(), 4));
    if (line.size() > longest_challenge) return std::nullopt;
    return sasl::from_base64(line);
}

}  // namespace

bool hold_any(std::string_view words, std::span<const Secret> secrets) {
    const Secret plain = compact(words);
    const Secret joined = compact(without_codes(words));
    for (const Secret& secret : secrets) {
        const Secret sought = compact(secret.reveal());
        if (holds(plain.reveal(), sought.reveal()) || holds(joined.reveal(), sought.reveal()))
            return true;
    }
    return false;
}

std::string leave_out(std::string_view reply, std::span<const Secret> secrets) {
    if (!hold_any(reply, secrets)) return std::string(reply);
    std::string some;
    std::string none;
    for (bool goes_on = false; !reply.empty();) {
        const std::string_view line = next_field(reply, '\n');
        const std::string_view after = first_line(reply);
        const bool came_here = goes_on;
        goes_on = any_continues(line, after, secrets);
        const bool holds = came_here || goes_on || hold_any(line, secrets);
        none += concat(codes_of(line), "\n");
        some += concat(holds ? codes_of(line) : line, "\n");
    }
    // Spread over more than two lines.
    if (!hold_any(some, secrets)) return some;
    return hold_any(none, secrets) ? std::string() : none;
}

Login::Login(Chat& chat, std::string_view offered, const sasl::Credentials& credentials,
             const sasl::Circumstances& circumstances, bool private_line, Random& random,
             std::span<const sasl::Mechanism> order)
    : chat_(chat),
      offered_(offered),
      credentials_(credentials),
      circumstances_(circumstances),
      private_line_(private_line),
      random_(random),
      left_(order) {}

Task<Done> Login::run() {
    if (const std::optional<std::string> fault = sasl::what_is_wrong(credentials_))
        co_return Failure(Stage::auth, Cause::control_file,
                          concat("the route's credentials cannot be used: ", *fault));
    if (!private_line_)
        co_return Failure(Stage::auth, Cause::auth_in_clear,
                          "the session has no TLS, and the route's credentials are never sent "
                          "without it");
    if (offered_.empty())
        co_return Failure(Stage::auth, Cause::auth_missing,
                          "the server does not offer AUTH, but the route has credentials for it");
    said_.push_back(sasl::to_base64(credentials_.secret.reveal()));
    while (const std::optional<sasl::Mechanism> chosen = next_mechanism()) {
        mechanism_ = sasl::name_of(*chosen);
        const std::unique_ptr<sasl::Exchange> exchange = begin(*chosen);
        smtp::Reply reply = co_await ask(*exchange);
        if (!is_unknown_mechanism(reply.code))
            co_return co_await converse(*exchange, std::move(reply));
        if (sasl::binds(*chosen)) binding_not_accepted_ = true;
        not_accepted_ += concat(not_accepted_.empty() ? "" : ", ", mechanism_);
        last_refusal_ = std::move(reply);
    }
    co_return none_left();
}

std::optional<sasl::Mechanism> Login::next_mechanism() {
    sasl::Footing footing;
    footing.private_line = private_line_;
    footing.has_binding = circumstances_.binding.has_value();
    const std::optional<sasl::Mechanism> chosen =
        sasl::choose(offered_, credentials_.kind, footing, left_);
    if (chosen) {
        const auto at = std::ranges::find(left_, *chosen) - left_.begin();
        left_ = left_.subspan(static_cast<std::size_t>(at) + 1);
    }
    return chosen;
}

// RFC 5802 6: "y" tells the server that it did not offer to bind. One that did offer takes that for
// an attack, so it is not said where control/authmechanisms alone rules the binding out. It is said
// where the server took its offer back: an attacker in the middle may have done that.
std::unique_ptr<sasl::Exchange> Login::begin(sasl::Mechanism mechanism) {
    sasl::Circumstances circumstances = circumstances_;
    if (!sasl::binds(mechanism) && sasl::offers_binding(offered_) && !binding_not_accepted_)
        circumstances.binding.reset();
    return sasl::begin(mechanism, credentials_, circumstances, random_);
}

Failure Login::none_left() const {
    if (!not_accepted_.empty()) {
        std::string words =
            concat("the server offers ", offered_, " but does not accept ", not_accepted_);
        return with_reply(Cause::auth_no_mechanism, std::move(words), last_refusal_);
    }
    sasl::Footing footing;
    footing.private_line = private_line_;
    footing.has_binding = circumstances_.binding.has_value();
    const bool ruled_out = sasl::choose(offered_, credentials_.kind, footing).has_value();
    return {Stage::auth, Cause::auth_no_mechanism,
            ruled_out
                ? concat("control/authmechanisms allows none of the mechanisms that the server "
                         "offers (",
                         offered_, ")")
                : concat("none of the mechanisms that the server offers (", offered_,
                         ") can be used with ", who())};
}

// The command with what the client says first, if the mechanism lets it speak first. None of ours
// begins with an empty response, which would be "=".
Task<smtp::Reply> Login::ask(sasl::Exchange& exchange) {
    Secret command(concat("AUTH ", mechanism_));
    std::optional<Secret> first = exchange.first_words();
    if (!first) co_return co_await say(std::move(command));
    Secret words = sasl::to_base64(first->reveal());
    said_.push_back(words);
    if (command.size() + 1 + words.size() + 2 <= longest_command) {
        command.append(" ").append(words.reveal());
        co_return co_await say(std::move(command));
    }
    smtp::Reply reply = co_await say(std::move(command));
    // Whatever follows this 334 is not a challenge: the client has not begun.
    if (reply.code == go_on) reply = co_await say(std::move(words));
    co_return reply;
}

Task<Done> Login::converse(sasl::Exchange& exchange, smtp::Reply reply) {
    while (reply.code == go_on) {
        const std::optional<std::string> challenge = challenge_of(reply);
        if (!challenge)
            co_return co_await give_up("the server's challenge is not base64 or is too long");
        sasl::Response response = exchange.respond(*challenge);
        if (!response) co_return co_await give_up(response.error());
        Secret line = sasl::to_base64(response->reveal());
        said_.push_back(line);
        reply = co_await say(std::move(line));
    }
    if (!reply.positive()) co_return refused(exchange, std::move(reply));
    const std::optional<std::string> objection = exchange.objection();
    if (!objection) co_return Done();
    co_return Failure(Stage::auth, Cause::auth_refused, *objection);
}

// Every line of the dialogue goes through here: a transcript must not show it.
Task<smtp::Reply> Login::say(Secret line) {
    line.append("\r\n");
    Result<Done> written = co_await chat_.say(line.reveal(), Stage::auth).outcome();
    Result<smtp::Reply> reply = tl::unexpected(Failure(Stage::auth, Cause::closed, ""));
    if (written)
        reply = co_await chat_.read_reply(Stage::auth, longest_challenge + 64).outcome();
    else reply = tl::unexpected(std::move(written.error()));
    if (!reply) keep_secret(reply.error());
    co_return reply;
}

// RFC 4954 4: "*" cancels the exchange; the server says 501, and the session goes on.
Task<Done> Login::give_up(std::string why) {
    Failure failure(Stage::auth, Cause::auth_refused, std::move(why));
    if (gives_away(failure.detail))
        failure.detail = "the server's answer repeats our credentials";
    const Result<smtp::Reply> aborted = co_await say(Secret("*")).outcome();
    if (!aborted && aborted.error().cause == Cause::cancelled) co_return aborted.error();
    co_return failure;
}

Failure Login::refused(const sasl::Exchange& exchange, smtp::Reply reply) {
    reply.text.resize(std::min(reply.text.size(), smtp::reported_text));
    if (reply.closing()) {
        if (gives_away(reply.text)) reply.text = "421";
        return {Stage::auth, Cause::rejected, std::move(reply)};
    }
    if (!reply.transient() && !reply.permanent()) {
        chat_.leave_step();
        return {Stage::auth, Cause::protocol_error,
                concat("the server replied ", reply.code,
                       " to AUTH, which is not a valid reply to that command")};
    }
    std::string words = is_unknown_mechanism(reply.code)
                            ? concat("the server does not accept the mechanism ", mechanism_)
                        : reply.code == too_weak
                            ? concat("the server requires a stronger mechanism than ", mechanism_)
                        : reply.transient()
                            ? concat("the server is temporarily unable to check ", who(), " (AUTH ",
                                     mechanism_, ")")
                            : concat("the server refused ", who(), " (AUTH ", mechanism_, ")");
    const std::string_view reason = exchange.reason().substr(0, quoted);
    if (!reason.empty() && !gives_away(exchange.reason())) words += concat(", because of ", reason);
    return with_reply(Cause::auth_refused, std::move(words), std::move(reply));
}

// The server's words in the sentence stay on its line; of its reply what repeats a secret is left
// out.
Failure Login::with_reply(Cause cause, std::string words, smtp::Reply reply) const {
    std::ranges::replace(words, '\n', ' ');
    std::string shown =
        leave_out(leave_out(reply.text, said_), std::span(&credentials_.secret, 1));
    if (shown != reply.text) words += "; its reply repeats our credentials and is left out";
    reply.text = std::move(shown);
    return {Stage::auth, cause, std::move(words), std::move(reply)};
}

// What the server sends as it breaks off may be what we sent.
void Login::keep_secret(Failure& failure) const {
    if (!gives_away(failure.detail) && !(failure.reply && gives_away(failure.reply->text))) return;
    failure.detail = "the server aborted AUTH with a reply that repeats our credentials";
    if (failure.reply) failure.reply->text.clear();
}

bool Login::gives_away(std::string_view words) const {
    return hold_any(words, said_) || hold_any(words, std::span(&credentials_.secret, 1));
}

std::string Login::who() const {
    return credentials_.kind == sasl::Credentials::Kind::token ? "our access token"
                                                               : "our user name and password";
}

}  // namespace tern::session

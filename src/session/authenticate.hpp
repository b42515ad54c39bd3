// AUTH (RFC 4954): one login at a relay. Which bytes a mechanism says is sasl's work; that none of
// them comes back in a report is this one's.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/task.hpp"
#include "sasl/exchange.hpp"
#include "session/chat.hpp"

namespace tern::session {

/// One login. All that it is made of must outlive it.
class Login {
public:
    /// `offered` is what EHLO said (Extensions::auth_mechanisms); `private_line` says that TLS is
    /// there or that the server is on a loopback address; of `order` only what it has is used.
    Login(Chat& chat, std::string_view offered, const sasl::Credentials& credentials,
          const sasl::Circumstances& circumstances, bool private_line, Random& random,
          std::span<const sasl::Mechanism> order = sasl::usual_order());

    /// Where the server does not accept a mechanism (502, 504), the next that both sides have is
    /// tried; after any other refusal none. Success is a 2xx of the server (235, RFC 4954 4), and
    /// with SCRAM its proof that it knows the password. All failures are Stage::auth (a TLS alert
    /// at the first read excepted) and none repeats what was sent. Causes: auth_missing,
    /// auth_in_clear, auth_no_mechanism, auth_refused; control_file when no mechanism could carry
    /// the credentials; rejected for a 421; those of Chat::ask. After auth_* the session is in
    /// step, unless the server hung up.
    Task<Done> run();
    /// What a server must not be quoted with from then on, beside the secret: its base64, and our
    /// lines. Empty where nothing was said.
    [[nodiscard]] std::vector<Secret> take_said() { return std::move(said_); }

private:
    [[nodiscard]] std::optional<sasl::Mechanism> next_mechanism();
    [[nodiscard]] std::unique_ptr<sasl::Exchange> begin(sasl::Mechanism mechanism);
    Task<Done> converse(sasl::Exchange& exchange, smtp::Reply reply);
    Task<smtp::Reply> ask(sasl::Exchange& exchange);
    Task<smtp::Reply> say(Secret line);
    Task<Done> give_up(std::string why);
    [[nodiscard]] Failure none_left() const;
    Failure refused(const sasl::Exchange& exchange, smtp::Reply reply);
    [[nodiscard]] Failure with_reply(Cause cause, std::string words, smtp::Reply reply) const;
    void keep_secret(Failure& failure) const;
    [[nodiscard]] bool gives_away(std::string_view words) const;
    [[nodiscard]] std::string who() const;

    Chat& chat_;
    const std::string_view offered_;
    const sasl::Credentials& credentials_;
    const sasl::Circumstances& circumstances_;
    const bool private_line_;
    Random& random_;
    std::span<const sasl::Mechanism> left_;  ///< of the order: those not tried yet
    std::string_view mechanism_;
    std::string not_accepted_;       ///< the names of those that the server did not accept
    bool binding_not_accepted_ = false;  ///< one of them binds
    smtp::Reply last_refusal_;       ///< its reply to the last of them
    std::vector<Secret> said_;  ///< what must not come back either: see take_said()
};

/// Whether `words` of a server hold any of `secrets` or a telling part of one (12 bytes), letters
/// of either case, whatever blanks or line ends the server put between.
[[nodiscard]] bool hold_any(std::string_view words, std::span<const Secret> secrets);

/// A reply, with its codes: of each line that holds any of `secrets`, or of all lines where it is
/// spread over them, only the code and the enhanced status code stay. Nothing where they hold it
/// too.
[[nodiscard]] std::string leave_out(std::string_view reply, std::span<const Secret> secrets);

}  // namespace tern::session

// One connection from greeting to QUIT, in the order of RFC 5321. It asks, waits and hands on; what
// a refusal means for the mail is said by delivery/verdict.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/secret.hpp"
#include "session/chat.hpp"
#include "session/identity.hpp"
#include "session/options.hpp"
#include "session/transaction.hpp"
#include "smtp/extensions.hpp"
#include "tls/tls_stream.hpp"

namespace tern::session {

class Session {
public:
    /// Takes over a fresh connection to the endpoint of `identity`. Only `clock`, `random` and an
    /// observer must outlive the session.
    Session(const Clock& clock, Random& random, std::unique_ptr<Stream> connection,
            Identity identity, Options options);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Greeting, EHLO or HELO, TLS as the identity demands and AUTH where it has credentials, up to
    /// where MAIL may be said. Fails with rejected (the reply's code and text), protocol_error,
    /// timed_out, closed, tls, injected, tls_missing, unverified, control_file; of AUTH as
    /// Login::run does. All that ends TLS before the first reply inside it fails with
    /// Stage::handshake; a server that closes right after it refused STARTTLS, here or in
    /// transact(), with Stage::start_tls and Cause::closed.
    Task<Done> open();
    /// MAIL, RCPT for each recipient, DATA, the message; RSET before them when the transaction
    /// before was refused. Success is a 2xx to the end of data. `progress` holds what happened
    /// whatever the end. All arguments must outlive the task. Failures are those of
    /// Transaction::run.
    Task<Done> transact(const Envelope& envelope, MessageSource& message, Progress& progress);
    /// QUIT when the session is in step; does not wait for its reply.
    Task<Done> quit();

    /// Whether another transaction may begin: no reply is owed, nothing broke.
    [[nodiscard]] bool in_step() const { return chat_.in_step(); }
    /// What the server takes at most; as it said in its last reply to EHLO.
    [[nodiscard]] const smtp::Limits& limits() const { return extensions_.limits; }
    /// Whether the server accepted a recipient, in this session or (Options) before it.
    [[nodiscard]] bool took_recipient() const { return history_.took_recipient; }
    /// Whether TLS was agreed.
    [[nodiscard]] bool secured() const { return replies_before_tls_.has_value(); }
    /// The reply that refused STARTTLS, where the session then went on in clear.
    [[nodiscard]] const std::optional<smtp::Reply>& start_tls_refusal() const {
        return start_tls_refusal_;
    }
    /// What AUTH said beside the secret itself, empty where it was not said: no report may quote a
    /// server that repeats any of them (hold_any). Asked once.
    [[nodiscard]] std::vector<Secret> take_said_in_login() { return std::move(said_in_login_); }
    /// What is wrong with the client certificate, when TLS was used without it for that; else
    /// empty.
    [[nodiscard]] std::string certificate_trouble() const;

private:
    Task<Done> converse();
    void bound_tls();
    [[nodiscard]] Failure blamed(Failure failure) const;
    Task<Done> greet();
    Task<Done> hello();
    Task<Done> fall_back_to_helo(smtp::Reply to_ehlo);
    Task<bool> start_tls();
    Task<Done> handshake();
    Task<Done> authenticate();
    Failure protocol_error(Stage stage, std::string_view command, const smtp::Reply& reply);

    const Clock& clock_;
    Random& random_;
    const Identity identity_;
    const Options options_;
    std::unique_ptr<Stream> connection_;
    std::unique_ptr<tls::TlsStream> secured_;
    Chat chat_;
    smtp::Extensions extensions_;
    std::vector<Secret> said_in_login_;
    bool refused_before_ = false;  // what the last transaction left behind is to be reset
    ServerHistory history_;
    std::optional<smtp::Reply> start_tls_refusal_;
    std::size_t replies_at_refusal_ = 0;
    std::optional<std::size_t> replies_before_tls_;
};

}  // namespace tern::session

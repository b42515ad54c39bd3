// One connection from greeting to QUIT, in the order of RFC 5321. It asks, waits and hands on; what
// a refusal means for the mail is said by delivery/verdict.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/ip.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "sasl/credentials.hpp"
#include "sasl/mechanism.hpp"
#include "session/chat.hpp"
#include "session/transaction.hpp"
#include "smtp/body.hpp"
#include "smtp/extensions.hpp"
#include "tls/requirement.hpp"
#include "tls/tls_stream.hpp"

namespace tern::session {

/// What one session is about: names, time-outs and what TLS must achieve.
struct Terms {
    std::string hello_name;
    /// The server's DNS name for SNI; empty when it has none.
    std::string server_name;
    tls::Requirement requirement;
    tls::ClientSettings tls_settings;
    Duration timeout_remote{};
    /// Whether CHUNKING is used where it is offered, and the bytes of the message in one chunk.
    bool chunking = true;
    std::size_t chunk_size = smtp::default_chunk;
    /// What the reply to STARTTLS, the handshake and the first reply inside TLS may take together,
    /// where that is less than timeout_remote for each.
    std::optional<Duration> tls_patience;
    /// The greeting and EHLO share that time: another way out waits for its turn.
    bool in_haste = false;
    /// Who we are there; nobody: AUTH is not said. Must outlive the session.
    const sasl::Credentials* credentials = nullptr;
    /// The mechanisms of AUTH that may be used, the first before the others. Must outlive it too.
    std::span<const sasl::Mechanism> mechanisms = sasl::usual_order();
    /// What counts as not offered (control/ignoreextensions).
    smtp::ExtensionSet ignored;
    /// Where we are connected to: an address of this host needs no TLS for credentials.
    Endpoint endpoint;
    /// Learns what crosses the wire; nobody, as a rule. Must outlive the session.
    Observer* observer = nullptr;
};

class Session {
public:
    /// Takes over a fresh connection.
    Session(const Clock& clock, Random& random, std::unique_ptr<Stream> connection, Terms terms);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Greeting, EHLO or HELO, TLS as the terms demand and AUTH where they have credentials, up to
    /// where MAIL may be said. Fails with said_no (the reply's code and text), out_of_step,
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
    /// Whether TLS was agreed.
    [[nodiscard]] bool secured() const { return replies_before_tls_.has_value(); }
    /// The reply that refused STARTTLS, where the session then went on in clear.
    [[nodiscard]] const std::optional<smtp::Reply>& start_tls_refusal() const {
        return start_tls_refusal_;
    }
    /// What AUTH said: no report may quote a server that repeats it (hold_any).
    [[nodiscard]] const std::vector<Secret>& said_in_login() const { return said_in_login_; }
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
    const Terms terms_;
    std::unique_ptr<Stream> connection_;
    std::unique_ptr<tls::TlsStream> secured_;
    Chat chat_;
    smtp::Extensions extensions_;
    std::vector<Secret> said_in_login_;
    bool refused_before_ = false;  // what the last transaction left behind is to be reset
    bool knows_bdat_ = false;      // the server has answered a BDAT with 2xx
    std::optional<smtp::Reply> start_tls_refusal_;
    std::size_t replies_at_refusal_ = 0;
    std::optional<std::size_t> replies_before_tls_;
};

}  // namespace tern::session

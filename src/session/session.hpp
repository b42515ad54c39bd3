// One connection from greeting to QUIT, in the order of RFC 5321. It asks, waits and hands on; what
// a refusal means for the mail is said by delivery/verdict.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "session/chat.hpp"
#include "session/transaction.hpp"
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
    /// Whether CHUNKING is used where it is offered.
    bool chunking = true;
    /// The handshake must end by then; nothing: timeout_remote alone bounds it.
    std::optional<Deadline> handshake_until;
    /// Learns what crosses the wire; nobody, as a rule. Must outlive the session.
    Observer* observer = nullptr;
};

class Session {
public:
    /// Takes over a fresh connection.
    Session(const Clock& clock, std::unique_ptr<Stream> connection, Terms terms);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Greeting, EHLO or HELO, and TLS as the terms demand, up to where MAIL may be said.
    /// Fails with said_no (the reply's code and text), out_of_step, timed_out, closed, tls,
    /// injected, tls_missing, unverified, control_file.
    Task<Done> open();
    /// MAIL, RCPT for each recipient, DATA, the message. Success is a 2xx to the end of data.
    /// `progress` holds what happened whatever the end. All arguments must outlive the task.
    /// Failures are those of Transaction::run.
    Task<Done> transact(const Envelope& envelope, MessageSource& message, Progress& progress);
    /// QUIT when the session is in step; does not wait for its reply.
    Task<Done> quit();

    /// What is wrong with the client certificate, when TLS was used without it for that; else
    /// empty.
    [[nodiscard]] std::string certificate_trouble() const;

private:
    Task<Done> greet();
    Task<Done> hello();
    Task<bool> start_tls();
    Task<Done> handshake();
    Failure out_of_step(Stage stage, std::string_view command, const smtp::Reply& reply);

    const Clock& clock_;
    const Terms terms_;
    std::unique_ptr<Stream> connection_;
    std::unique_ptr<tls::TlsStream> secured_;
    Chat chat_;
    smtp::Extensions extensions_;
};

}  // namespace tern::session

// The conversation; see session.hpp.
#include "session/session.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "session/authenticate.hpp"

namespace tern::session {
namespace {

// The server's own words end this conversation.
Failure said_no(Stage stage, smtp::Reply reply) {
    return Failure(stage, Cause::said_no, std::move(reply.text), reply.code);
}

}  // namespace

Session::Session(const Clock& clock, Random& random, std::unique_ptr<Stream> connection,
                 Terms terms)
    : clock_(clock),
      random_(random),
      terms_(std::move(terms)),
      connection_(std::move(connection)),
      chat_(clock, *connection_, terms_.timeout_remote, terms_.observer) {}

Session::~Session() = default;

Task<Done> Session::open() {
    if (terms_.requirement.implicit) co_await handshake();
    co_await greet();
    co_await hello();
    if (!secured_ && terms_.requirement.kind != tls::Requirement::Kind::none) {
        const bool secure = co_await start_tls();
        if (secure) co_await hello();  // RFC 3207 4.2: what was offered in clear counts no more
    }
    if (terms_.credentials != nullptr) co_await authenticate();
    co_return Done();
}

// RFC 4954 4 lets extensions change behind AUTH with a security layer; we ask for none.
Task<Done> Session::authenticate() {
    if (terms_.ignored.has(smtp::Extension::auth))
        co_return Failure(Stage::auth, Cause::auth_missing,
                          "control/ignoreextensions lists AUTH for this server, but the route has "
                          "credentials for it");
    sasl::Circumstances circumstances;
    circumstances.host = terms_.server_name;
    circumstances.port = terms_.endpoint.port;
    if (secured_) circumstances.binding = secured_->channel_binding();
    const bool private_line = secured_ || terms_.endpoint.address.is_loopback_or_unspecified();
    Login login(chat_, extensions_.auth_mechanisms, *terms_.credentials, circumstances,
                private_line, random_, terms_.mechanisms);
    Result<Done> outcome = co_await login.run().outcome();
    said_in_login_ = login.take_said();
    co_return outcome;
}

Task<Done> Session::greet() {
    smtp::Reply reply = co_await chat_.read_reply(Stage::greeting);
    if (reply.code == 220) co_return Done();
    co_return said_no(Stage::greeting, std::move(reply));
}

Task<Done> Session::hello() {
    extensions_ = smtp::Extensions();
    smtp::Reply reply = co_await chat_.ask(text("EHLO ", terms_.hello_name), Stage::hello,
                                           smtp::longest_reply);
    if (reply.positive()) {
        extensions_ = smtp::without(smtp::parse_extensions(reply.text), terms_.ignored);
        extensions_.chunking = extensions_.chunking && terms_.chunking;
        co_return Done();
    }
    // RFC 5321 3.2: a server that does not know EHLO says 5xx; a 4xx speaks of its state.
    if (reply.permanent())
        reply = co_await chat_.ask(text("HELO ", terms_.hello_name), Stage::hello);
    if (reply.positive()) co_return Done();
    if (reply.transient() || reply.permanent())
        co_return said_no(Stage::hello, std::move(reply));
    co_return out_of_step(Stage::hello, "HELO", reply);
}

// True when the session is now secured; false when it goes on in clear.
Task<bool> Session::start_tls() {
    const bool demanded = terms_.requirement.demanded();
    if (!extensions_.start_tls) {
        if (!demanded) co_return false;
        co_return Failure(Stage::start_tls, Cause::tls_missing,
                          "the server does not offer STARTTLS");
    }
    smtp::Reply reply = co_await chat_.ask("STARTTLS", Stage::start_tls);
    if (reply.closing()) co_return said_no(Stage::start_tls, std::move(reply));
    if (!reply.positive()) {
        if (!reply.transient() && !reply.permanent())
            co_return out_of_step(Stage::start_tls, "STARTTLS", reply);
        if (!demanded) {
            start_tls_refusal_ = text("the server refused STARTTLS: ", reply.text);
            co_return false;
        }
        co_return Failure(Stage::start_tls, Cause::tls_missing,
                          text("the server refused STARTTLS: ", reply.text), reply.code);
    }
    co_await handshake();
    co_return true;
}

Task<Done> Session::handshake() {
    chat_.leave_step();
    secured_ = co_await tls::TlsStream::make(*connection_, terms_.requirement,
                                             terms_.tls_settings, terms_.server_name);
    // RFC 3207 6, and the injection of CVE-2011-0411: what is here before our ClientHello came in
    // clear, and is either an attack or believed at our peril.
    if (!terms_.requirement.implicit) {
        const Heard heard = co_await chat_.listen();
        if (heard == Heard::words)
            co_return Failure(Stage::handshake, Cause::injected,
                              "plaintext came behind the reply to STARTTLS, before TLS began");
    }
    Deadline by = chat_.deadline();
    if (terms_.handshake_patience) by = std::min(by, clock_.now() + *terms_.handshake_patience);
    Result<tls::Established> agreed = co_await secured_->handshake(by).outcome();
    if (terms_.observer != nullptr) terms_.observer->secured(*secured_);
    if (!agreed) co_return std::move(agreed.error());
    chat_.use(*secured_);
    chat_is_secured_ = true;
    chat_.enter_step();
    co_return Done();
}

// RFC 5321 4.2.1: neither success nor refusal where only those make sense.
Failure Session::out_of_step(Stage stage, std::string_view command, const smtp::Reply& reply) {
    chat_.leave_step();
    return Failure(stage, Cause::out_of_step,
                   text("the server answered ", command, " with ", reply.code,
                        ", which is no answer to it"));
}

Task<Done> Session::transact(const Envelope& envelope, MessageSource& message,
                             Progress& progress) {
    if (refused_before_) {
        // Its answer says nothing that MAIL's will not say better.
        co_await chat_.ask("RSET", Stage::mail);
    }
    refused_before_ = true;
    Transaction transaction(chat_, extensions_, envelope, message, progress, terms_.chunk_size);
    co_await transaction.run();
    refused_before_ = false;
    co_return Done();
}

Task<Done> Session::quit() {
    if (!chat_.in_step()) co_return Done();
    chat_.leave_step();
    if (terms_.observer != nullptr) terms_.observer->said("QUIT");
    // A deadline that has passed: what the kernel does not take at once is not worth a wait.
    if (secured_) co_await secured_->write_last("QUIT\r\n", clock_.now()).outcome();
    else co_await connection_->write("QUIT\r\n", clock_.now()).outcome();
    co_return Done();
}

std::string Session::certificate_trouble() const {
    return secured_ ? secured_->certificate_trouble() : std::string();
}

}  // namespace tern::session

// The conversation; see session.hpp.
#include "session/session.hpp"

#include <algorithm>

#include "base/lines.hpp"
#include "base/text.hpp"
#include "session/authenticate.hpp"

namespace tern::session {
namespace {

// A connection that ended before STARTTLS was sent, or brought bytes that were not asked for, says
// nothing of TLS: only an announced end (421) counts as an answer to it.
Failure before_start_tls(Failure failure) {
    if (failure.cause != Cause::rejected) failure.stage = Stage::hello;
    return failure;
}

}  // namespace

Session::Session(const Clock& clock, Random& random, std::unique_ptr<Stream> connection,
                 Identity identity, Options options)
    : clock_(clock),
      random_(random),
      identity_(std::move(identity)),
      options_(std::move(options)),
      connection_(std::move(connection)),
      chat_(clock, *connection_, options_.timeout_remote, options_.observer) {
    history_.took_recipient = options_.took_recipient;
}

Session::~Session() = default;

Task<Done> Session::open() {
    Result<Done> opened = co_await converse().outcome();
    if (!opened) co_return blamed(std::move(opened.error()));
    co_return Done();
}

Task<Done> Session::converse() {
    if (options_.in_haste) bound_tls();
    if (identity_.requirement.implicit) {
        bound_tls();
        co_await handshake();
    }
    co_await greet();
    co_await hello();
    if (!secured_ && identity_.requirement.kind != tls::Requirement::Kind::none) {
        bound_tls();
        const bool secure = co_await start_tls();
        if (secure) co_await hello();  // RFC 3207 4.2: what was offered in clear counts no more
    }
    chat_.bound(std::nullopt);
    if (identity_.credentials != nullptr) co_await authenticate();
    co_return Done();
}

// contract.md#clear-retry: STARTTLS, the handshake and the first reply inside TLS together. In
// haste all from the greeting on.
void Session::bound_tls() {
    if (options_.tls_patience && !chat_.is_bound())
        chat_.bound(clock_.now() + *options_.tls_patience);
}

// What ends a session right after TLS began, or was refused, is blamed on that and not on the
// command that found out (contract.md#clear-retry). A reply in between clears it.
Failure Session::blamed(Failure failure) const {
    const bool lost = failure.cause == Cause::closed || failure.cause == Cause::timed_out ||
                      failure.cause == Cause::tls;
    if (!lost || failure.stage == Stage::handshake) return failure;
    if (replies_before_tls_ == chat_.replies())
        return {Stage::handshake, Cause::tls,
                concat("TLS with ",
                       identity_.server_name.empty() ? "the server" : identity_.server_name,
                       " failed before the first reply in it: ", failure.detail)};
    if (start_tls_refusal_ && replies_at_refusal_ == chat_.replies() &&
        failure.cause == Cause::closed && failure.stage < Stage::final_dot)
        return {Stage::start_tls, Cause::closed,
                concat("the server refused STARTTLS (", first_line(start_tls_refusal_->text),
                       ") and then closed the connection")};
    return failure;
}

// RFC 4954 4 lets extensions change behind AUTH with a security layer; we ask for none.
Task<Done> Session::authenticate() {
    if (options_.ignored.has(smtp::Extension::auth))
        co_return Failure(Stage::auth, Cause::auth_missing,
                          "control/ignoreextensions lists AUTH for this server, but the route has "
                          "credentials for it");
    sasl::Circumstances circumstances;
    circumstances.host = identity_.server_name;
    circumstances.port = identity_.endpoint.port;
    if (secured_) circumstances.binding = secured_->channel_binding();
    const bool private_line = secured_ || identity_.endpoint.address.is_loopback_or_unspecified();
    const std::span<const sasl::Mechanism> mechanisms =
        options_.mechanisms.empty() ? sasl::usual_order() : options_.mechanisms;
    Login login(chat_, extensions_.auth_mechanisms, *identity_.credentials, circumstances,
                private_line, random_, mechanisms);
    Result<Done> outcome = co_await login.run().outcome();
    said_in_login_ = login.take_said();
    co_return outcome;
}

Task<Done> Session::greet() {
    smtp::Reply reply = co_await chat_.read_reply(Stage::greeting);
    if (reply.code == 220) co_return Done();
    co_return rejected(Stage::greeting, std::move(reply));
}

Task<Done> Session::hello() {
    extensions_ = smtp::Extensions();
    smtp::Reply reply = co_await chat_.ask(concat("EHLO ", identity_.hello_name), Stage::hello,
                                           smtp::longest_reply);
    if (reply.positive()) {
        extensions_ = smtp::without(smtp::parse_extensions(reply.text), options_.ignored);
        extensions_.chunking = extensions_.chunking && options_.chunking;
        co_return Done();
    }
    // RFC 5321 3.2: a server that does not know EHLO says 5xx; a 4xx speaks of its state.
    if (reply.permanent()) co_return co_await fall_back_to_helo(std::move(reply));
    if (reply.transient()) co_return rejected(Stage::hello, std::move(reply));
    co_return protocol_error(Stage::hello, "EHLO", reply);
}

// contract.md#ehlo: the reply to EHLO is the reason, however HELO ends. The code is HELO's; where
// it has none, 421 says that the server closed.
Task<Done> Session::fall_back_to_helo(smtp::Reply to_ehlo) {
    Result<smtp::Reply> reply =
        co_await chat_.ask(concat("HELO ", identity_.hello_name), Stage::hello).outcome();
    if (reply && reply->positive()) co_return Done();
    if (!reply && reply.error().cause == Cause::cancelled) co_return reply.error();
    constexpr int closing = 421;
    const bool refused = reply && (reply->transient() || reply->permanent());
    if (!refused) chat_.leave_step();
    to_ehlo.code = refused ? reply->code : closing;
    co_return rejected(Stage::hello, std::move(to_ehlo));
}

// True when the session is now secured; false when it goes on in clear.
Task<bool> Session::start_tls() {
    const bool required = identity_.requirement.is_required();
    if (!extensions_.start_tls) {
        if (!required) co_return false;
        co_return Failure(Stage::start_tls, Cause::tls_missing,
                          "the server does not offer STARTTLS");
    }
    Result<Done> said = co_await chat_.say("STARTTLS\r\n", Stage::start_tls).outcome();
    if (!said) co_return before_start_tls(std::move(said.error()));
    smtp::Reply reply = co_await chat_.read_reply(Stage::start_tls);
    if (reply.closing()) co_return rejected(Stage::start_tls, std::move(reply));
    if (!reply.positive()) {
        if (!reply.transient() && !reply.permanent())
            co_return protocol_error(Stage::start_tls, "STARTTLS", reply);
        if (!required) {
            start_tls_refusal_ = std::move(reply);
            replies_at_refusal_ = chat_.replies();
            co_return false;
        }
        co_return Failure(Stage::start_tls, Cause::tls_missing,
                          concat("the server refused STARTTLS: ", reply.text), reply);
    }
    co_await handshake();
    co_return true;
}

Task<Done> Session::handshake() {
    chat_.leave_step();
    secured_ = co_await tls::TlsStream::make(*connection_, identity_.requirement,
                                             identity_.tls_settings, identity_.server_name);
    // RFC 3207 4.2, and the injection of CVE-2011-0411: what is here before our ClientHello came in
    // clear, and is either an attack or believed at our peril.
    if (!identity_.requirement.implicit) {
        const Pending pending = co_await chat_.peek();
        if (pending == Pending::data)
            co_return Failure(Stage::handshake, Cause::injected,
                              "the server sent unencrypted data after its reply to STARTTLS");
    }
    Result<tls::Established> agreed = co_await secured_->handshake(chat_.deadline()).outcome();
    if (options_.observer != nullptr) options_.observer->secured(*secured_);
    if (!agreed) co_return std::move(agreed.error());
    chat_.use(*secured_);
    chat_.enter_step();
    replies_before_tls_ = chat_.replies();
    co_return Done();
}

Failure Session::protocol_error(Stage stage, std::string_view command, const smtp::Reply& reply) {
    chat_.leave_step();
    return not_valid(stage, command, reply);
}

Task<Done> Session::transact(const Envelope& envelope, MessageSource& message,
                             Progress& progress) {
    if (refused_before_) {
        // Its answer says nothing that MAIL's will not say better.
        co_await chat_.ask("RSET", Stage::mail);
    }
    refused_before_ = true;
    // A server that refused STARTTLS may hang up at the next command. Nothing of the message is
    // written before it answers: the delivery may then go another way.
    const bool proven = !start_tls_refusal_ || replies_at_refusal_ < chat_.replies();
    Transaction transaction(chat_, extensions_, envelope, message, progress, options_.chunk_size,
                            proven ? Transaction::Flight::whole : Transaction::Flight::commands,
                            history_);
    Result<Done> ended = co_await transaction.run().outcome();
    if (!ended) co_return blamed(std::move(ended.error()));
    refused_before_ = false;
    co_return Done();
}

Task<Done> Session::quit() {
    if (!chat_.in_step()) co_return Done();
    chat_.leave_step();
    if (options_.observer != nullptr) options_.observer->said("QUIT");
    // A deadline that has passed: what the kernel does not take at once is not worth a wait.
    if (secured_) co_await secured_->write_last("QUIT\r\n", clock_.now()).outcome();
    else co_await connection_->write("QUIT\r\n", clock_.now()).outcome();
    co_return Done();
}

std::string Session::certificate_trouble() const {
    return secured_ ? secured_->certificate_trouble() : std::string();
}

}  // namespace tern::session

// The conversation; see session.hpp.
#include "session/session.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "smtp/body.hpp"

namespace tern::session {
namespace {

// The server's own words end this conversation.
Failure said_no(Stage stage, smtp::Reply reply) {
    return Failure(stage, Cause::said_no, std::move(reply.text), reply.code);
}

}  // namespace

// Large enough that a message of usual size leaves in one write with its final dot.
struct Session::BodyBuffers {
    static constexpr std::size_t block = 32 * 1024;
    static constexpr std::string_view end_of_data = ".\r\n";

    std::array<char, block> message;
    std::array<char, 2 * smtp::BodyEncoder::room(block)> wire;
};

Session::Session(const Clock& clock, std::unique_ptr<Stream> connection, Terms terms)
    : clock_(clock),
      terms_(std::move(terms)),
      connection_(std::move(connection)),
      chat_(clock, *connection_, terms_.timeout_remote) {}

Session::~Session() = default;

Task<Done> Session::open() {
    if (terms_.requirement.implicit) co_await handshake();
    co_await greet();
    co_await hello();
    if (secured_ || terms_.requirement.kind == tls::Requirement::Kind::none) co_return Done();
    const bool secure = co_await start_tls();
    if (secure) co_await hello();  // RFC 3207 4.2: what was offered in clear counts no more
    co_return Done();
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
        extensions_ = smtp::parse_extensions(reply.text);
        co_return Done();
    }
    // RFC 5321 3.2: a server that does not know EHLO says 5xx; a 4xx speaks of its state.
    if (reply.permanent())
        reply = co_await chat_.ask(text("HELO ", terms_.hello_name), Stage::hello);
    co_return accept(Stage::hello, "HELO", std::move(reply));
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
        if (!demanded) co_return false;
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
    if (terms_.handshake_until) by = std::min(by, *terms_.handshake_until);
    co_await secured_->handshake(by);
    chat_.use(*secured_);
    chat_.enter_step();
    co_return Done();
}

// Success is 2xx; 4xx and 5xx are the server's no.
Result<Done> Session::accept(Stage stage, std::string_view command, smtp::Reply reply) {
    if (reply.positive()) return Done();
    return tl::unexpected<Failure>(reply.transient() || reply.permanent()
                                       ? said_no(stage, std::move(reply))
                                       : out_of_step(stage, command, reply));
}

// RFC 5321 4.2.1: neither success nor refusal where only those make sense. Nothing more is said:
// a server that took DATA for granted would read it as the message.
Failure Session::out_of_step(Stage stage, std::string_view command, const smtp::Reply& reply) {
    chat_.leave_step();
    return Failure(stage, Cause::out_of_step,
                   text("the server answered ", command, " with ", reply.code,
                        ", which is no answer to it"));
}

Task<Done> Session::transact(const Envelope& envelope, MessageSource& message,
                             Progress& progress) {
    if (envelope.sender.local_is_internationalised() && !extensions_.smtputf8)
        co_return Failure(Stage::mail, Cause::needs_smtputf8,
                          "the sender's address needs SMTPUTF8, which the server does not offer");
    smtp::Reply reply = co_await chat_.ask(mail_command(envelope), Stage::mail);
    co_await accept(Stage::mail, "MAIL", std::move(reply));
    co_await send_recipients(envelope, progress);
    reply = co_await chat_.ask("DATA", Stage::data);
    if (reply.code != 354) {
        if (reply.transient() || reply.permanent())
            co_return said_no(Stage::data, std::move(reply));
        co_return out_of_step(Stage::data, "DATA", reply);
    }
    co_return co_await send_message(message, progress);
}

// Each recipient's refusal is its own; the transaction goes on while one was accepted.
Task<Done> Session::send_recipients(const Envelope& envelope, Progress& progress) {
    Failure last(Stage::recipient, Cause::all_refused,
                 "the server does not offer SMTPUTF8, which every recipient's address needs");
    for (const smtp::Path& recipient : envelope.recipients) {
        RecipientAnswer& answer = progress.recipients.emplace_back();
        if (recipient.local_is_internationalised() && !extensions_.smtputf8) continue;
        smtp::Reply reply =
            co_await chat_.ask(text("RCPT TO:<", recipient.wire(), ">"), Stage::recipient);
        if (!reply.positive() && !reply.transient() && !reply.permanent())
            co_return out_of_step(Stage::recipient, "RCPT", reply);
        answer.reply = reply;
        if (reply.closing()) co_return said_no(Stage::recipient, std::move(reply));
        last = Failure(Stage::recipient, Cause::all_refused, reply.text, reply.code);
    }
    if (std::ranges::none_of(progress.recipients, &RecipientAnswer::accepted)) co_return last;
    co_return Done();
}

Task<Done> Session::send_message(MessageSource& message, Progress& progress) {
    chat_.leave_step();
    buffers_ = std::make_unique_for_overwrite<BodyBuffers>();
    smtp::BodyEncoder encoder(smtp::BodyEncoder::Framing::dots);
    char* const wire = buffers_->wire.data();
    std::size_t ready = 0;
    for (;;) {
        const std::size_t got = co_await message.read_some(buffers_->message, chat_.deadline());
        if (got == 0) break;
        ready += encoder.encode(std::string_view(buffers_->message.data(), got), wire + ready);
        if (ready < smtp::BodyEncoder::room(BodyBuffers::block)) continue;
        co_await chat_.write(std::string_view(wire, ready), Stage::body);
        ready = 0;
    }
    ready += encoder.finish(wire + ready);
    if (!encoder.ended_with_newline())
        co_return Failure(Stage::body, Cause::partial_line,
                          "the message does not end with a newline");
    // A reply that is here already is no reply to the end of data, and must not pass for one.
    co_await chat_.expect_silence(Stage::body);
    std::ranges::copy(BodyBuffers::end_of_data, wire + ready);
    ready += BodyBuffers::end_of_data.size();
    co_await chat_.write(std::string_view(wire, ready), Stage::body);
    progress.end_of_data_written = true;

    smtp::Reply reply = co_await chat_.read_reply(Stage::final_dot);
    if (reply.positive()) progress.accepted = reply;
    co_return accept(Stage::final_dot, "the end of the message", std::move(reply));
}

Task<Done> Session::quit() {
    if (!chat_.in_step()) co_return Done();
    chat_.leave_step();
    // A deadline that has passed: what the kernel does not take at once is not worth a wait.
    if (secured_) co_await secured_->write_last("QUIT\r\n", clock_.now()).outcome();
    else co_await connection_->write("QUIT\r\n", clock_.now()).outcome();
    co_return Done();
}

std::string Session::mail_command(const Envelope& envelope) const {
    const bool internationalised =
        envelope.sender.local_is_internationalised() ||
        std::ranges::any_of(envelope.recipients, &smtp::Path::local_is_internationalised);
    return text("MAIL FROM:<", envelope.sender.wire(), ">",
                internationalised && extensions_.smtputf8 ? " SMTPUTF8" : "");
}

std::string Session::certificate_trouble() const {
    return secured_ ? secured_->certificate_trouble() : std::string();
}

}  // namespace tern::session

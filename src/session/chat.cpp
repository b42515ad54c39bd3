// Commands and replies over a Stream; see chat.hpp.
#include "session/chat.hpp"

#include <utility>

#include "base/text.hpp"

namespace tern::session {
namespace {

constexpr std::size_t quoted = 200;  // bytes of a peer's unusable words that a report quotes

const char* what_was_asked(Stage stage) {
    switch (stage) {
        case Stage::greeting: return "the greeting";
        case Stage::hello: return "the reply to EHLO";
        case Stage::start_tls: return "the reply to STARTTLS";
        case Stage::auth: return "the reply to AUTH";
        case Stage::mail: return "the reply to MAIL";
        case Stage::recipient: return "the reply to RCPT";
        case Stage::data: return "the reply to DATA";
        case Stage::body:
        case Stage::final_dot: return "the reply to the end of the message";
        default: return "the server";
    }
}

std::string first_line(std::string_view words) {
    return std::string(words.substr(0, std::min(words.find_first_of("\r\n"), quoted)));
}

}  // namespace

Chat::Chat(const Clock& clock, Stream& stream, Duration patience, Observer* observer)
    : clock_(clock), stream_(&stream), patience_(patience), observer_(observer) {}

Task<smtp::Reply> Chat::ask(std::string command, Stage stage, std::size_t kept) {
    command += "\r\n";
    co_await say(command, stage);
    co_return co_await read_reply(stage, kept);
}

Task<Done> Chat::say(std::string_view group, Stage stage) {
    if (!unread_.empty()) co_await expect_silence(stage);
    if (observer_ != nullptr) tell_said(*observer_, group, stage);
    co_return co_await write(group, stage);
}

Task<smtp::Reply> Chat::read_reply(Stage stage, std::size_t kept) {
    in_step_ = false;
    smtp::ReplyReader reader(kept);
    const Deadline by = deadline();
    for (;;) {
        const std::string_view offered = unread_;
        unread_.remove_prefix(reader.feed(unread_));
        if (reader.state() == smtp::ReplyReader::State::complete) {
            in_step_ = true;
            if (observer_ != nullptr) tell_heard(*observer_, reader.reply(), stage);
            co_return reader.take();
        }
        if (reader.state() == smtp::ReplyReader::State::malformed) {
            const std::string_view words =
                reader.reply().text.size() > 4 ? reader.reply().text : offered;
            co_return Failure(stage, Cause::out_of_step,
                              text(what_was_asked(stage), " is no SMTP reply: ", reader.trouble(),
                                   " (it said: ", first_line(words), ")"));
        }
        Result<std::size_t> got = co_await stream_->read_some(buffer_, by).outcome();
        if (!got) co_return broken(stage, std::move(got.error()));
        if (*got == 0)
            co_return Failure(stage, Cause::closed,
                              text("the server closed the connection before ",
                                   what_was_asked(stage), " was complete"));
        unread_ = std::string_view(buffer_.data(), *got);
    }
}

Task<Done> Chat::write(std::string_view bytes, Stage stage) {
    Result<Done> written = co_await stream_->write(bytes, deadline()).outcome();
    if (written) co_return Done();
    in_step_ = false;
    Failure failure = broken(stage, std::move(written.error()));
    // A server that gives up in the middle often says why before it hangs up.
    Result<std::size_t> last = co_await stream_->read_some(buffer_, clock_.now()).outcome();
    if (last && *last > 0)
        failure.detail += text("; its last words were: ",
                               first_line(std::string_view(buffer_.data(), *last)));
    co_return failure;
}

Task<Done> Chat::expect_silence(Stage stage) {
    const Heard heard = co_await listen();
    if (heard == Heard::nothing) co_return Done();
    in_step_ = false;
    if (heard == Heard::end)
        co_return Failure(stage, Cause::closed, "the server closed the connection");
    co_return Failure(stage, Cause::out_of_step,
                      text("the server spoke before ", what_was_asked(stage),
                           " was due (it said: ", first_line(unread_), ")"));
}

Task<Heard> Chat::listen() {
    if (!unread_.empty()) co_return Heard::words;
    Result<std::size_t> got = co_await stream_->read_some(buffer_, clock_.now()).outcome();
    if (!got) co_return got.error().cause == Cause::timed_out ? Heard::nothing : Heard::end;
    unread_ = std::string_view(buffer_.data(), *got);
    co_return unread_.empty() ? Heard::end : Heard::words;
}

Task<std::string_view> Chat::hear(Stage stage, Deadline by) {
    if (!unread_.empty()) co_return std::exchange(unread_, std::string_view());
    Result<std::size_t> got = co_await stream_->read_some(buffer_, by).outcome();
    if (!got) co_return broken(stage, std::move(got.error()));
    co_return std::string_view(buffer_.data(), *got);
}

// The stream does not know the stage; TLS alone names one (an alert that undoes the handshake).
Failure Chat::broken(Stage stage, Failure why) {
    in_step_ = false;
    if (why.stage != Stage::handshake) why.stage = stage;
    if (why.cause == Cause::timed_out)
        why.detail = text("no progress with ", what_was_asked(stage), " within ",
                          std::chrono::duration_cast<std::chrono::seconds>(patience_).count(),
                          " seconds");
    return why;
}

}  // namespace tern::session

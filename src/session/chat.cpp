// Commands and replies over a Stream; see chat.hpp.
#include "session/chat.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace tern::session {
namespace {

constexpr std::size_t quoted = 200;  // bytes of a peer's unusable words that a report quotes

// The first look at the send queue comes early: it mostly shows that all is sent, and that the
// reply's clock has begun. Later ones come so many times in the time for a reply.
constexpr Duration first_look = std::chrono::seconds(1);
constexpr int looks = 20;

const char* what_is_sent(Stage stage) {
    switch (stage) {
        case Stage::hello: return "EHLO";
        case Stage::start_tls: return "STARTTLS";
        case Stage::auth: return "AUTH";
        case Stage::mail: return "MAIL";
        case Stage::recipient: return "RCPT";
        case Stage::data: return "DATA";
        case Stage::body: return "the message body";
        case Stage::final_dot: return "the end of the message";
        default: return "a command";
    }
}

// "the reply to MAIL", "invalid reply to MAIL". Of the body only chunks have one.
std::string reply_to(Stage stage, std::string_view before) {
    if (stage == Stage::greeting) return concat(before, "greeting");
    if (stage == Stage::body) return concat(before, "reply to BDAT");
    return concat(before, "reply to ", what_is_sent(stage));
}

bool is_in_body(Stage stage) { return stage == Stage::body || stage == Stage::final_dot; }

std::string timed_out_after(Duration time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
    return concat("timed out after ", seconds, seconds == 1 ? " second " : " seconds ");
}

std::string first_line(std::string_view words) {
    return std::string(words.substr(0, std::min(words.find_first_of("\r\n"), quoted)));
}

// RFC 5321 3.8: a server may announce that it goes, whatever was asked.
std::optional<smtp::Reply> announced_end(std::string_view words) {
    smtp::ReplyReader reader;
    reader.feed(words);
    if (reader.state() != smtp::ReplyReader::State::complete || !reader.reply().closing())
        return std::nullopt;
    return reader.take();
}

}  // namespace

Chat::Chat(const Clock& clock, Stream& stream, Duration timeout, Observer* observer)
    : clock_(clock), stream_(&stream), timeout_(timeout), observer_(observer) {
    stream_->extend_writes(timeout_);
}

void Chat::use(Stream& stream) {
    stream_ = &stream;
    stream_->extend_writes(timeout_);
}

Task<smtp::Reply> Chat::ask(std::string command, Stage stage, std::size_t kept) {
    command += "\r\n";
    co_await say(command, stage);
    co_return co_await read_reply(stage, kept);
}

Task<Done> Chat::say(std::string_view group, Stage stage) {
    // A reply too many would pass for this command's, and each reply after it for the next one's.
    co_await expect_silence(stage);
    if (observer_ != nullptr) tell_said(*observer_, group, stage);
    co_return co_await write(group, stage);
}

// What is there in place of a greeting may come in pieces; its line is quoted whole.
Task<Done> Chat::read_to_line_end(std::string& words, Deadline by) {
    constexpr Duration longest = std::chrono::seconds(1);
    unread_ = {};
    by = std::min<Deadline>(by, clock_.now() + longest);
    while (words.find('\n') == words.npos && words.size() < smtp::reported_text) {
        Result<std::size_t> got = co_await stream_->read_some(buffer_, by).outcome();
        if (!got && got.error().cause == Cause::cancelled) co_return std::move(got.error());
        if (!got || *got == 0) break;
        words.append(buffer_.data(), *got);
    }
    co_return Done();
}

Task<smtp::Reply> Chat::read_reply(Stage stage, std::size_t kept) {
    in_step_ = false;
    smtp::ReplyReader reader(kept);
    ReplyTime time = reply_time();
    for (;;) {
        const std::string_view offered = unread_;
        unread_.remove_prefix(reader.feed(unread_));
        if (reader.state() == smtp::ReplyReader::State::complete) {
            in_step_ = true;
            ++replies_;
            if (observer_ != nullptr) tell_heard(*observer_, reader.reply(), stage);
            co_return reader.take();
        }
        if (reader.state() == smtp::ReplyReader::State::malformed) {
            std::string words(reader.reply().text.size() > 4 ? reader.reply().text : offered);
            if (stage == Stage::greeting) co_await read_to_line_end(words, time.by);
            std::string why = concat(reply_to(stage, "invalid "), ": ", reader.trouble());
            std::string line(first_line(words));
            // contract.md#reports: what is there instead of a greeting is reported as a reply is.
            if (stage == Stage::greeting)
                co_return Failure(stage, Cause::protocol_error, std::move(why),
                                  smtp::Reply{0, std::move(line)});
            co_return Failure(stage, Cause::protocol_error,
                              concat(why, " (the server sent: ", line, ")"));
        }
        Result<std::size_t> got =
            co_await stream_->read_some(buffer_, std::min(time.by, time.look)).outcome();
        if (!got && goes_on(time, got.error())) continue;
        if (!got) co_return not_received(stage, time, std::move(got.error()));
        if (*got == 0)
            co_return Failure(stage, Cause::closed,
                              concat("the server closed the connection before ",
                                     reply_to(stage, "the "), " was complete"));
        unread_ = std::string_view(buffer_.data(), *got);
    }
}

Task<Done> Chat::write(std::string_view bytes, Stage stage) {
    Result<Done> written = co_await stream_->write(bytes, deadline()).outcome();
    if (written) co_return Done();
    in_step_ = false;
    Failure failure = not_sent(stage, std::move(written.error()));
    // A server that gives up in the middle often says why before it hangs up.
    Result<std::size_t> last = co_await stream_->read_some(buffer_, clock_.now()).outcome();
    if (last && *last > 0)
        failure.detail += concat("; before that the server sent: ",
                                 first_line(std::string_view(buffer_.data(), *last)));
    co_return failure;
}

Task<Done> Chat::expect_silence(Stage stage) {
    if (unread_.empty()) {
        if (stream_->holds_output()) co_return Done();
        Result<std::size_t> got = co_await stream_->read_some(buffer_, clock_.now()).outcome();
        if (!got && got.error().cause == Cause::timed_out) co_return Done();
        in_step_ = false;
        if (!got) co_return not_sent(stage, std::move(got.error()));
        if (*got == 0)
            co_return Failure(stage, Cause::closed,
                              concat("the server closed the connection before ",
                                     what_is_sent(stage), " was sent"));
        unread_ = std::string_view(buffer_.data(), *got);
    }
    in_step_ = false;
    std::optional<smtp::Reply> end = announced_end(unread_);
    if (end && observer_ != nullptr) tell_heard(*observer_, *end, stage);
    if (end) co_return rejected(stage, std::move(*end));
    co_return Failure(stage, Cause::protocol_error,
                      concat("the server sent data before ", what_is_sent(stage),
                             " was sent (data: ", first_line(unread_), ")"));
}

Task<Pending> Chat::peek() {
    if (!unread_.empty()) co_return Pending::data;
    Result<std::size_t> got = co_await stream_->read_some(buffer_, clock_.now()).outcome();
    if (!got) co_return got.error().cause == Cause::timed_out ? Pending::none : Pending::closed;
    unread_ = std::string_view(buffer_.data(), *got);
    co_return unread_.empty() ? Pending::closed : Pending::data;
}

Task<std::string_view> Chat::hear(Stage stage, ReplyTime& time) {
    if (!unread_.empty()) co_return std::exchange(unread_, std::string_view());
    for (;;) {
        Result<std::size_t> got =
            co_await stream_->read_some(buffer_, std::min(time.by, time.look)).outcome();
        if (got) co_return std::string_view(buffer_.data(), *got);
        if (!goes_on(time, got.error()))
            co_return not_received(stage, time, std::move(got.error()));
    }
}

Deadline Chat::from(Time now) const {
    return latest_ ? std::min(*latest_, now + timeout_) : now + timeout_;
}

ReplyTime Chat::reply_time() const {
    const Time now = clock_.now();
    ReplyTime time;
    time.begun = now;
    time.by = from(now);
    time.look = now + std::min(first_look, timeout_ / looks);
    return time;
}

// Whether a wait that `why` ended goes on: it was but a look, or the kernel still sends.
bool Chat::goes_on(ReplyTime& time, const Failure& why) const {
    if (why.cause != Cause::timed_out) return false;
    const Time now = clock_.now();
    if (now < std::min(time.by, time.look)) return false;  // the kernel's time-out, not ours
    const std::size_t held = stream_->unsent();
    if (held < time.unsent) {
        time.begun = now;
        time.by = std::max(time.by, from(now));
    }
    time.unsent = held;
    time.look = now + timeout_ / looks;
    return now < time.by;
}

// The stream does not know the stage; TLS alone names one (an alert that undoes the handshake).
Failure Chat::not_received(Stage stage, const ReplyTime& time, Failure why) {
    in_step_ = false;
    if (why.stage == Stage::handshake) return why;
    why.stage = stage;
    if (why.cause == Cause::closed) {
        why.detail = concat("the connection was lost while waiting for ", reply_to(stage, "the "),
                            ": ", why.detail);
    } else if (why.cause == Cause::timed_out) {
        why.detail = timed_out_after(clock_.now() - time.begun);
        why.detail += time.unsent > 0 && is_in_body(stage)
                          ? "while sending the message body"
                          : concat("waiting for ", reply_to(stage, "the "));
    }
    return why;
}

Failure Chat::not_sent(Stage stage, Failure why) {
    in_step_ = false;
    if (why.stage == Stage::handshake) return why;
    why.stage = stage;
    if (why.cause == Cause::closed)
        why.detail =
            concat("the connection was lost while sending ", what_is_sent(stage), ": ", why.detail);
    else if (why.cause == Cause::timed_out)
        why.detail = concat(timed_out_after(timeout_), "while sending ", what_is_sent(stage));
    return why;
}

Failure rejected(Stage stage, smtp::Reply reply) {
    return {stage, Cause::rejected, std::move(reply)};
}

Failure not_valid(Stage stage, std::string_view command, const smtp::Reply& reply) {
    return {stage, Cause::protocol_error,
            concat("the server replied ", reply.code, " to ", command,
                   ", which is not a valid reply to that command"),
            reply};
}

}  // namespace tern::session

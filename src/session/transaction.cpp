// MAIL to the reply after the end of data; see transaction.hpp.
#include "session/transaction.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace tern::session {
namespace {

// RFC 2920 3.1: a group of commands must not be so large that both sides wait for each other to
// read. The replies to 8 KiB of commands fit the socket buffers of every system.
constexpr std::size_t window = 8UL * 1024;

// A larger message waits for the recipients' replies: it may be sent in vain.
constexpr std::size_t largest_first_flight = default_chunk;

// The server's own words end this conversation.
Failure said_no(Stage stage, smtp::Reply reply) {
    return Failure(stage, Cause::said_no, std::move(reply.text), reply.code);
}

const char* command_of(Stage stage) {
    switch (stage) {
        case Stage::mail: return "MAIL";
        case Stage::recipient: return "RCPT";
        case Stage::data: return "DATA";
        default: return "the end of the message";
    }
}

std::string_view header_of(std::string_view message) {
    const std::size_t end = std::min(message.find("\n\n"), message.find("\n\r\n"));
    return end == message.npos ? std::string_view() : message.substr(0, end);
}

// One byte more than the message has shows its end.
std::size_t block_for(const MessageSource& message, std::size_t chunk_size) {
    const std::uint64_t whole = message.size().value_or(chunk_size) + 1;
    return static_cast<std::size_t>(std::min<std::uint64_t>(whole, chunk_size));
}

}  // namespace

// Large enough that a message of usual size leaves in one write with its end.
struct Transaction::Buffers {
    static constexpr std::size_t headroom = 32;  // "BDAT 65538 LAST" and CR LF

    explicit Buffers(std::size_t block_size)
        : block(block_size),
          message(std::make_unique_for_overwrite<char[]>(block)),
          wire(std::make_unique_for_overwrite<char[]>(headroom +
                                                      2 * smtp::BodyEncoder::room(block))) {}

    const std::size_t block;
    const std::unique_ptr<char[]> message;
    const std::unique_ptr<char[]> wire;
    std::optional<std::size_t> ahead;  // bytes of the first block, when it was read ahead
    bool ended = false;                // the block read last is the message's end

    [[nodiscard]] char* body() { return wire.get() + headroom; }
    [[nodiscard]] std::string_view first_block() const {
        return {message.get(), ahead.value_or(0)};
    }
};

Transaction::Transaction(Chat& chat, const smtp::Extensions& extensions, const Envelope& envelope,
                         MessageSource& message, Progress& progress, std::size_t chunk_size)
    : chat_(chat),
      extensions_(extensions),
      envelope_(envelope),
      message_(message),
      progress_(progress),
      buffers_(std::make_unique<Buffers>(block_for(message, chunk_size))) {}

Transaction::~Transaction() = default;

Task<Done> Transaction::run() {
    const std::uint64_t size = message_.size().value_or(0);
    if (extensions_.size_limit != 0 && size > extensions_.size_limit)
        co_return Failure(Stage::mail, Cause::too_large,
                          text("the message has ", size, " bytes, the server takes at most ",
                               extensions_.size_limit));
    if (!sendable(envelope_.sender))
        co_return Failure(Stage::mail, Cause::needs_smtputf8,
                          "the sender's address needs SMTPUTF8, which the server does not offer");
    // A pipe is not touched before a recipient was accepted: it could not be offered elsewhere.
    if (message_.size()) co_await read_ahead();
    co_await announce();
    if (whole_message_sent_) co_return Done();
    if (extensions_.chunking) co_return co_await send_chunks();
    co_return co_await send_data();
}

Task<Done> Transaction::announce() {
    bool anybody = false;
    co_await say(mail_command(), Owed(Stage::mail));
    for (std::size_t i = 0; i < envelope_.recipients.size(); ++i) {
        const smtp::Path& recipient = envelope_.recipients[i];
        if (!sendable(recipient)) continue;
        anybody = true;
        co_await say(text("RCPT TO:<", recipient.wire(), ">"), Owed(Stage::recipient, i));
    }
    if (!extensions_.pipelining || !anybody) co_await expect_acceptance();
    if (!extensions_.chunking) {
        co_await say("DATA", Owed(Stage::data));
    } else if (extensions_.pipelining && buffers_->ahead && buffers_->ended &&
               *buffers_->ahead <= largest_first_flight) {
        co_await add_whole_message();
    }
    co_return co_await expect_acceptance();
}

// Adds a command to the group; what does not fit, or may not be grouped, is exchanged first.
Task<Done> Transaction::say(std::string command, Owed owed) {
    const bool fits = extensions_.pipelining && group_.size() + command.size() < window;
    if (!fits) co_await exchange();
    group_ += command;
    group_ += "\r\n";
    owed_.push_back(owed);
    co_return Done();
}

// Says what is in the group and reads each reply that it calls for.
Task<Done> Transaction::exchange() {
    const std::string group = std::exchange(group_, std::string());
    const std::vector<Owed> owed = std::exchange(owed_, std::vector<Owed>());
    if (owed.empty()) co_return Done();
    // A reply too many would make each one behind it pass for the next, up to the message's own.
    if (whole_message_sent_) co_await chat_.expect_silence(owed.front().stage);
    co_await chat_.say(group, owed.front().stage);
    progress_.end_of_data_written = whole_message_sent_;
    for (std::size_t i = 0; i < owed.size(); ++i) {
        const Owed& next = owed[i];
        Result<smtp::Reply> reply = co_await chat_.read_reply(next.stage).outcome();
        if (!reply) co_return settled_already(next.stage).value_or(reply.error());
        Result<Done> taken = take(next, std::move(*reply));
        if (taken) continue;
        if (i + 1 < owed.size()) chat_.leave_step();
        co_return taken;
    }
    if (refusal_) co_return *refusal_;
    if (progress_.accepted) co_await expect_no_surplus();
    co_return Done();
}

// Of more replies than commands nobody can say which one is about the message. RFC 5321 3.8 lets a
// server announce with 421 that it goes.
Task<Done> Transaction::expect_no_surplus() {
    const Heard heard = co_await chat_.listen();
    if (heard != Heard::words) co_return Done();
    const Result<smtp::Reply> surplus =
        co_await chat_.read_reply(Stage::final_dot).outcome();
    chat_.leave_step();
    if (surplus && surplus->closing()) co_return Done();
    co_return Failure(Stage::final_dot, Cause::out_of_step,
                      "the server sent more replies than there were commands");
}

// What was refused before a connection broke stays refused: nothing of it can have been taken.
std::optional<Failure> Transaction::settled_already(Stage awaited) const {
    if (refusal_) return refusal_;
    if (awaited > Stage::recipient && !any_accepted()) return all_refused();
    return std::nullopt;
}

Result<Done> Transaction::take(const Owed& owed, smtp::Reply reply) {
    const bool no = reply.transient() || reply.permanent();
    if (owed.stage == Stage::data) return take_go_ahead(std::move(reply));
    if (refusal_) return Done();  // RFC 2920 3.1: what follows a refused MAIL is refused as well
    if (!no && !reply.positive())
        return tl::unexpected<Failure>(out_of_step(owed.stage, reply));
    switch (owed.stage) {
        case Stage::mail:
            if (no) refusal_ = said_no(Stage::mail, std::move(reply));
            return Done();
        case Stage::recipient:
            progress_.recipients.resize(owed.recipient);
            progress_.recipients.emplace_back().reply = reply;
            if (reply.closing())
                return tl::unexpected<Failure>(said_no(Stage::recipient, std::move(reply)));
            return Done();
        default: return any_accepted() ? settle(std::move(reply)) : Done();
    }
}

// The reply to DATA. RFC 2920 3.1: a server may say 354 although nobody was accepted; nothing is
// sent then, and the connection is closed.
Result<Done> Transaction::take_go_ahead(smtp::Reply reply) {
    constexpr int go_ahead = 354;
    const bool unwanted = refusal_ || !any_accepted();
    if (reply.code == go_ahead) {
        chat_.leave_step();
        return Done();
    }
    if (unwanted) return Done();
    return tl::unexpected<Failure>(reply.transient() || reply.permanent()
                                       ? said_no(Stage::data, std::move(reply))
                                       : out_of_step(Stage::data, reply));
}

// Ends a group; fails when nobody was accepted.
Task<Done> Transaction::expect_acceptance() {
    co_await exchange();
    progress_.recipients.resize(envelope_.recipients.size());
    if (any_accepted()) co_return Done();
    co_return all_refused();
}

Failure Transaction::all_refused() const {
    Failure refused(Stage::recipient, Cause::all_refused,
                    "the server does not offer SMTPUTF8, which every recipient's address needs");
    for (const RecipientAnswer& answer : progress_.recipients)
        if (answer.reply)
            refused = Failure(Stage::recipient, Cause::all_refused, answer.reply->text,
                              answer.reply->code);
    return refused;
}

// A message that is read already rides in the group of MAIL and RCPT (RFC 3030 2, RFC 2920).
Task<Done> Transaction::add_whole_message() {
    smtp::BodyEncoder encoder(smtp::BodyEncoder::Framing::length);
    std::size_t size = encoder.encode(buffers_->first_block(), buffers_->body());
    size += encoder.finish(buffers_->body() + size);
    if (!encoder.ended_with_newline()) co_return partial_line();
    co_await say(text("BDAT ", size, " LAST"), Owed(Stage::final_dot));
    group_.append(buffers_->body(), size);
    whole_message_sent_ = true;
    co_return Done();
}

// The message behind 354, its final dot in the same write as its end.
Task<Done> Transaction::send_data() {
    smtp::BodyEncoder encoder(smtp::BodyEncoder::Framing::dots);
    char* const wire = buffers_->body();
    std::size_t ready = 0;
    for (bool more = true; more;) {
        const std::string_view block = co_await next_block();
        more = !buffers_->ended;
        ready += encoder.encode(block, wire + ready);
        if (!more || ready < smtp::BodyEncoder::room(buffers_->block)) continue;
        co_await chat_.write(std::string_view(wire, ready), Stage::body);
        ready = 0;
    }
    ready += encoder.finish(wire + ready);
    if (!encoder.ended_with_newline()) co_return partial_line();
    // A reply that is here already is no reply to the end of data, and must not pass for one.
    co_await chat_.expect_silence(Stage::body);
    constexpr std::string_view final_dot = ".\r\n";
    std::ranges::copy(final_dot, wire + ready);
    ready += final_dot.size();
    co_await chat_.write(std::string_view(wire, ready), Stage::body);
    progress_.end_of_data_written = true;
    smtp::Reply reply = co_await chat_.read_reply(Stage::final_dot);
    co_return settle(std::move(reply));
}

// The message in chunks (RFC 3030); with PIPELINING their replies are read as they come.
Task<Done> Transaction::send_chunks() {
    smtp::BodyEncoder encoder(smtp::BodyEncoder::Framing::length);
    std::size_t owed = 0;
    chat_.leave_step();
    for (bool last = false; !last;) {
        const std::string_view block = co_await next_block();
        last = buffers_->ended;
        std::size_t size = encoder.encode(block, buffers_->body());
        if (last) size += encoder.finish(buffers_->body() + size);
        if (last && !encoder.ended_with_newline()) co_return partial_line();
        owed = co_await take_chunk_replies(owed);
        const std::string command = text("BDAT ", size, last ? " LAST\r\n" : "\r\n");
        char* const chunk = buffers_->body() - command.size();
        std::ranges::copy(command, chunk);
        co_await chat_.write(std::string_view(chunk, command.size() + size), Stage::body);
        progress_.end_of_data_written = last;
        ++owed;
    }
    for (; owed > 1; --owed) co_await take_chunk_reply();
    smtp::Reply reply = co_await chat_.read_reply(Stage::final_dot);
    co_await settle(std::move(reply));
    if (extensions_.pipelining) co_await expect_no_surplus();
    co_return Done();
}

// Reads the replies to chunks that are due (all, without PIPELINING) or here already; gives how
// many are still owed.
Task<std::size_t> Transaction::take_chunk_replies(std::size_t owed) {
    for (; owed > 0; --owed) {
        if (extensions_.pipelining) {
            const Heard heard = co_await chat_.listen();
            if (heard == Heard::nothing) break;
        }
        co_await take_chunk_reply();
    }
    // As before the final dot: what is here already is no reply to the chunk that follows.
    if (owed == 0) co_await chat_.expect_silence(Stage::body);
    chat_.leave_step();
    co_return owed;
}

Task<Done> Transaction::take_chunk_reply() {
    smtp::Reply reply = co_await chat_.read_reply(Stage::final_dot);
    if (!reply.positive()) {
        Result<Done> refused = settle(std::move(reply));
        chat_.leave_step();
        co_return refused;
    }
    chunk_was_taken_ = true;
    co_return Done();
}

// The reply to the end of data, or to a chunk that was refused.
Result<Done> Transaction::settle(smtp::Reply reply) {
    if (reply.positive()) {
        progress_.accepted = std::move(reply);
        return Done();
    }
    // Servers behind a proxy may offer CHUNKING and not know BDAT (500, 502).
    const bool unknown = reply.code == 500 || reply.code == 502;
    if (extensions_.chunking && unknown && !chunk_was_taken_) {
        chat_.leave_step();  // it may be reading the message as commands
        return fail(Stage::final_dot, Cause::no_chunking, std::move(reply.text));
    }
    return tl::unexpected<Failure>(reply.transient() || reply.permanent()
                                       ? said_no(Stage::final_dot, std::move(reply))
                                       : out_of_step(Stage::final_dot, reply));
}

Task<Done> Transaction::read_ahead() {
    const std::string_view block = co_await next_block();
    buffers_->ahead = unused_ahead_ = block.size();
    co_return Done();
}

// The next 32 KiB of the message, less only at its end.
Task<std::string_view> Transaction::next_block() {
    const std::size_t ahead = std::exchange(unused_ahead_, 0);
    if (ahead > 0 || (buffers_->ahead && buffers_->ended))
        co_return std::string_view(buffers_->message.get(), ahead);
    std::size_t filled = 0;
    while (filled < buffers_->block) {
        const std::span<char> rest =
            std::span(buffers_->message.get(), buffers_->block).subspan(filled);
        const std::size_t got = co_await message_.read_some(rest, chat_.deadline());
        if (got == 0) break;
        filled += got;
    }
    buffers_->ended = filled < buffers_->block;
    co_return std::string_view(buffers_->message.get(), filled);
}

// RFC 5321 4.2.1: neither success nor refusal where only those make sense. Nothing more is said:
// a server that took DATA for granted would read it as the message.
Failure Transaction::out_of_step(Stage stage, const smtp::Reply& reply) {
    chat_.leave_step();
    return Failure(stage, Cause::out_of_step,
                   text("the server answered ", command_of(stage), " with ", reply.code,
                        ", which is no answer to it"));
}

Failure Transaction::partial_line() const {
    return Failure(Stage::body, Cause::partial_line, "the message does not end with a newline");
}

bool Transaction::sendable(const smtp::Path& path) const {
    return extensions_.smtputf8 || !path.local_is_internationalised();
}

bool Transaction::any_accepted() const {
    return std::ranges::any_of(progress_.recipients, &RecipientAnswer::accepted);
}

std::string Transaction::mail_command() const {
    const std::string_view known = buffers_->first_block();
    const bool whole = buffers_->ahead && buffers_->ended;
    const bool eight_bit_known = has_8bit(known);
    const bool eight_bit = !whole || eight_bit_known;
    const std::string_view header = eight_bit_known ? header_of(known) : std::string_view();
    const bool utf8 =
        (has_8bit(header) && smtp::is_utf8(header)) ||
        envelope_.sender.local_is_internationalised() ||
        std::ranges::any_of(envelope_.recipients, &smtp::Path::local_is_internationalised);
    std::string command = text("MAIL FROM:<", envelope_.sender.wire(), ">");
    if (extensions_.size && message_.size()) command += text(" SIZE=", *message_.size());
    // RFC 6152: a large message is not searched for 8-bit bytes only to say that it has none.
    if (extensions_.eight_bit_mime && eight_bit) command += " BODY=8BITMIME";
    if (extensions_.smtputf8 && utf8) command += " SMTPUTF8";
    return command;
}

}  // namespace tern::session

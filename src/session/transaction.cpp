// MAIL to the reply after the end of data; see transaction.hpp.
#include "session/transaction.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace tern::session {
namespace {

// RFC 2920 3.1: a group of commands must not be so large that both sides wait for each other to
// read. The replies to 8 KiB of commands fit the socket buffers of every system.
constexpr std::size_t window = 8UL * 1024;

// A larger message waits for the recipients' replies: it may be sent in vain.
constexpr std::size_t largest_first_flight = 64UL * 1024;

// The message is read and encoded in blocks that the processor's nearest caches hold.
constexpr std::size_t largest_block = 32UL * 1024;

// What is written at once behind 354.
constexpr std::size_t largest_write = default_chunk;

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

// Servers behind a proxy may offer CHUNKING and not know BDAT.
bool does_not_know_bdat(const smtp::Reply& reply) {
    return reply.code == 500 || reply.code == 502;
}

std::string_view header_of(std::string_view message) {
    const std::size_t end = std::min(message.find("\n\n"), message.find("\n\r\n"));
    return end == message.npos ? std::string_view() : message.substr(0, end);
}

}  // namespace

// The message on its way: the block that was read last, and behind room for the commands that go
// first what is encoded and not yet sent.
class Transaction::Buffers {
public:
    /// `most` is what a write or a chunk takes. Neither buffer is larger than the message needs.
    Buffers(const MessageSource& message, smtp::BodyEncoder::Framing framing, std::size_t most)
        : block_size_(block_for(message, most)),
          most_(message.size().value_or(block_size_) < block_size_ ? 0 : most),
          block_(std::make_unique_for_overwrite<char[]>(block_size_)),
          wire_(std::make_unique_for_overwrite<char[]>(
              headroom + most_ + smtp::BodyEncoder::room(block_size_) + final_dot.size())),
          encoder_(framing) {}

    [[nodiscard]] std::span<char> block() { return {block_.get(), block_size_}; }
    /// Room for one more block, and not all encoded.
    [[nodiscard]] bool wants_more() const { return !complete_ && ready_ <= most_; }
    void encode(std::string_view block, bool last) {
        ready_ += encoder_.encode(block, body() + ready_);
        if (last) ready_ += encoder_.finish(body() + ready_);
        complete_ = last;
    }
    void end_with_dot() {
        std::ranges::copy(final_dot, body() + ready_);
        ready_ += final_dot.size();
    }
    /// The whole message is encoded, or was.
    [[nodiscard]] bool complete() const { return complete_; }
    [[nodiscard]] bool ends_in_a_line() const {
        return !complete_ || encoder_.ended_with_newline();
    }
    [[nodiscard]] std::size_t ready() const { return ready_; }
    /// The first `size` bytes of what is ready, behind `commands`. Once they are sent, drop() them.
    [[nodiscard]] std::string_view flight(std::string_view commands, std::size_t size) {
        if (commands.size() > headroom) throw std::logic_error("more commands than fit a window");
        char* const begin = body() - commands.size();
        std::ranges::copy(commands, begin);
        return {begin, commands.size() + size};
    }
    void drop(std::size_t size) {
        ready_ -= size;
        std::memmove(body(), body() + size, ready_);
    }

private:
    static constexpr std::size_t headroom = window + 32;  // a group and its last CR LF
    static constexpr std::string_view final_dot = ".\r\n";

    // One byte more than the message has shows its end.
    static std::size_t block_for(const MessageSource& message, std::size_t most) {
        const std::uint64_t whole = message.size().value_or(largest_block) + 1;
        return static_cast<std::size_t>(
            std::min<std::uint64_t>(whole, std::min(largest_block, most)));
    }
    [[nodiscard]] char* body() { return wire_.get() + headroom; }

    const std::size_t block_size_;
    const std::size_t most_;
    const std::unique_ptr<char[]> block_;
    const std::unique_ptr<char[]> wire_;
    smtp::BodyEncoder encoder_;
    std::size_t ready_ = 0;
    bool complete_ = false;
};

Transaction::Transaction(Chat& chat, const smtp::Extensions& extensions, const Envelope& envelope,
                         MessageSource& message, Progress& progress, std::size_t chunk_size)
    : chat_(chat),
      extensions_(extensions),
      envelope_(envelope),
      message_(message),
      progress_(progress),
      chunk_size_(chunk_size),
      buffers_(extensions.chunking
                   ? std::make_unique<Buffers>(message, smtp::BodyEncoder::Framing::length,
                                               chunk_size)
                   : std::make_unique<Buffers>(message, smtp::BodyEncoder::Framing::dots,
                                               largest_write)) {}

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
    std::string command = mail_command();
    add(command, Owed(Stage::mail));
    for (std::size_t i = 0; i < envelope_.recipients.size(); ++i) {
        const smtp::Path& recipient = envelope_.recipients[i];
        if (!sendable(recipient)) continue;
        anybody = true;
        command = text("RCPT TO:<", recipient.wire(), ">\r\n");
        if (!fits_the_group(command)) co_await exchange();
        add(command, Owed(Stage::recipient, i));
    }
    if (!extensions_.pipelining || !anybody) co_await expect_acceptance();
    if (!extensions_.chunking) {
        command = "DATA\r\n";
        if (!fits_the_group(command)) co_await exchange();
        add(command, Owed(Stage::data));
    } else if (extensions_.pipelining && first_block_ &&
               message_.size() <= largest_first_flight) {
        co_await add_whole_message();
    }
    co_return co_await expect_acceptance();
}

// What does not fit, or may not be grouped, waits until the group is exchanged.
bool Transaction::fits_the_group(std::string_view command) const {
    return group_.empty() ||
           (extensions_.pipelining && group_.size() + command.size() < window);
}

void Transaction::add(std::string_view command, Owed owed) {
    group_ += command;
    owed_.push_back(owed);
}

// Says what is in the group and reads each reply that it calls for.
Task<Done> Transaction::exchange() {
    const std::string group = std::exchange(group_, std::string());
    const std::vector<Owed> owed = std::exchange(owed_, std::vector<Owed>());
    if (owed.empty()) co_return Done();
    // A reply too many would make each one behind it pass for the next, up to the message's own.
    if (whole_message_sent_) co_await chat_.expect_silence(owed.front().stage);
    const std::string_view flight =
        whole_message_sent_ ? buffers_->flight(group, buffers_->ready()) : group;
    co_await chat_.say(flight, owed.front().stage);
    progress_.end_of_data_written = whole_message_sent_;
    for (std::size_t i = 0; i < owed.size(); ++i) {
        const Owed& next = owed[i];
        // Whoever has no reply by now has none because nothing was said.
        if (next.stage > Stage::recipient && !refusal_)
            progress_.recipients.resize(envelope_.recipients.size());
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
    // It may be reading the message as commands.
    if (owed.stage == Stage::final_dot && does_not_know_bdat(reply)) chat_.leave_step();
    if (refusal_) return Done();  // RFC 2920 3.1: what follows a refused MAIL is refused as well
    if (!no && !reply.positive())
        return tl::unexpected<Failure>(out_of_step(owed.stage, reply));
    switch (owed.stage) {
        case Stage::mail:
            if (no) refusal_ = said_no(Stage::mail, std::move(reply));
            return Done();
        case Stage::recipient:
            progress_.recipients.resize(owed.recipient);
            progress_.recipients.emplace_back().reply = std::move(reply);
            if (progress_.recipients.back().reply->closing())
                return tl::unexpected<Failure>(
                    said_no(Stage::recipient, *progress_.recipients.back().reply));
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

// A message that is small enough rides in the group of MAIL and RCPT (RFC 3030 2, RFC 2920).
Task<Done> Transaction::add_whole_message() {
    co_await fill();
    if (!buffers_->complete() || buffers_->ready() > chunk_size_) co_return Done();
    const std::string command = text("BDAT ", buffers_->ready(), " LAST\r\n");
    if (!fits_the_group(command)) co_await exchange();
    add(command, Owed(Stage::final_dot));
    whole_message_sent_ = true;
    co_return Done();
}

// Encodes as much as there is room for; fails when the message then ends in the middle of a line.
Task<Done> Transaction::fill() {
    while (buffers_->wants_more()) {
        const std::string_view block = co_await next_block();
        buffers_->encode(block, ended_);
    }
    if (buffers_->ends_in_a_line()) co_return Done();
    co_return Failure(Stage::body, Cause::partial_line,
                      "the message does not end with a newline");
}

// The message behind 354, its final dot in the same write as its end.
Task<Done> Transaction::send_data() {
    co_await fill();
    while (!buffers_->complete()) {
        const std::string_view flight = buffers_->flight("", buffers_->ready());
        co_await chat_.write(flight, Stage::body);
        buffers_->drop(buffers_->ready());
        co_await fill();
    }
    // A reply that is here already is no reply to the end of data, and must not pass for one.
    co_await chat_.expect_silence(Stage::body);
    buffers_->end_with_dot();
    const std::string_view flight = buffers_->flight("", buffers_->ready());
    co_await chat_.write(flight, Stage::body);
    progress_.end_of_data_written = true;
    smtp::Reply reply = co_await chat_.read_reply(Stage::final_dot);
    co_return settle(std::move(reply));
}

// The message in chunks (RFC 3030); with PIPELINING their replies are read as they come.
Task<Done> Transaction::send_chunks() {
    std::size_t owed = 0;
    chat_.leave_step();
    for (bool last = false; !last;) {
        co_await fill();
        last = buffers_->complete() && buffers_->ready() <= chunk_size_;
        owed = co_await take_chunk_replies(owed);
        const std::size_t size = std::min(buffers_->ready(), chunk_size_);
        const std::string command = text("BDAT ", size, last ? " LAST\r\n" : "\r\n");
        const std::string_view flight = buffers_->flight(command, size);
        co_await chat_.write(flight, Stage::body);
        progress_.end_of_data_written = last;
        buffers_->drop(size);
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
    if (extensions_.chunking && does_not_know_bdat(reply) && !chunk_was_taken_) {
        chat_.leave_step();  // it may be reading the message as commands
        return fail(Stage::final_dot, Cause::no_chunking, std::move(reply.text));
    }
    return tl::unexpected<Failure>(reply.transient() || reply.permanent()
                                       ? said_no(Stage::final_dot, std::move(reply))
                                       : out_of_step(Stage::final_dot, reply));
}

Task<Done> Transaction::read_ahead() {
    first_block_ = co_await next_block();
    first_block_is_unused_ = true;
    co_return Done();
}

// The next block of the message, less than a full one only at its end.
Task<std::string_view> Transaction::next_block() {
    if (std::exchange(first_block_is_unused_, false)) co_return *first_block_;
    const std::span<char> block = buffers_->block();
    std::size_t filled = 0;
    while (filled < block.size()) {
        const std::size_t got =
            co_await message_.read_some(block.subspan(filled), chat_.deadline());
        if (got == 0) break;
        filled += got;
    }
    ended_ = filled < block.size();
    co_return std::string_view(block.data(), filled);
}

// RFC 5321 4.2.1: neither success nor refusal where only those make sense. Nothing more is said:
// a server that took DATA for granted would read it as the message.
Failure Transaction::out_of_step(Stage stage, const smtp::Reply& reply) {
    chat_.leave_step();
    return Failure(stage, Cause::out_of_step,
                   text("the server answered ", command_of(stage), " with ", reply.code,
                        ", which is no answer to it"));
}

bool Transaction::sendable(const smtp::Path& path) const {
    return extensions_.smtputf8 || !path.local_is_internationalised();
}

bool Transaction::any_accepted() const {
    return std::ranges::any_of(progress_.recipients, &RecipientAnswer::accepted);
}

std::string Transaction::mail_command() const {
    const std::string_view known = first_block_.value_or(std::string_view());
    const bool whole = first_block_ && ended_;
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
    return command += "\r\n";
}

}  // namespace tern::session

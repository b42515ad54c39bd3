// MAIL to the reply after the end of data; see transaction.hpp.
#include "session/transaction.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/lines.hpp"
#include "base/text.hpp"
#include "session/transaction_buffers.hpp"
#include "smtp/command_lines.hpp"

namespace tern::session {
namespace {

// RFC 2920 3.1: a group of commands must not be so large that both sides wait for each other to
// read. The replies to 8 KiB of commands fit the socket buffers of every system.
constexpr std::size_t window = BodyBuffers::most_commands;

// A larger message waits for the recipients' replies: it may be sent in vain.
constexpr std::size_t largest_first_flight = 64UL * 1024;

// What is written at once after 354.
constexpr std::size_t largest_write = smtp::default_chunk;

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

// RFC 5321 4.5.3.1.10: 452 after accepted recipients means that the transaction is full; RFC 821
// 4.5.3 had 552 for it, and RFC 3463 3.6 has X.5.3. One with X.2 speaks of the recipient's own
// mailbox (RFC 3463 3.3; an over-quota mailbox of a large site says 452 4.2.2).
bool means_full(const smtp::Reply& reply) {
    const std::string_view words =
        std::string_view(reply.text).substr(std::min<std::size_t>(reply.text.size(), 4));
    const std::string_view status = words.substr(0, words.find_first_of(" \n"));
    if (status == "4.5.3" || status == "5.5.3") return true;
    if (status.starts_with("4.2.") || status.starts_with("5.2.")) return false;
    return reply.code == 452 || reply.code == 552;
}

}  // namespace

Transaction::Transaction(Chat& chat, const smtp::Extensions& extensions, const Envelope& envelope,
                         MessageSource& message, Progress& progress, std::size_t chunk_size,
                         Flight flight, ServerHistory& history)
    : chat_(chat),
      extensions_(extensions),
      envelope_(envelope),
      message_(message),
      progress_(progress),
      chunk_size_(chunk_size),
      flight_(flight),
      history_(history),
      by_chunks_(extensions.chunking),
      buffers_(extensions.chunking
                   ? std::make_unique<BodyBuffers>(message, smtp::BodyEncoder::Framing::length,
                                               chunk_size)
                   : std::make_unique<BodyBuffers>(message, smtp::BodyEncoder::Framing::dots,
                                               largest_write)) {}

Transaction::~Transaction() = default;

Task<Done> Transaction::run() {
    const std::uint64_t size = message_.size().value_or(0);
    if (extensions_.size_limit != 0 && size > extensions_.size_limit)
        co_return Failure(Stage::mail, Cause::too_large,
                          concat("the message has ", size, " bytes, the server accepts at most ",
                                 extensions_.size_limit));
    if (!sendable(envelope_.sender))
        co_return Failure(Stage::mail, Cause::needs_smtputf8,
                          "the sender's address needs SMTPUTF8, which the server does not offer");
    // A pipe is not touched before a recipient was accepted: it could not be offered elsewhere.
    if (message_.size()) co_await read_ahead();
    co_await announce();
    if (whole_message_sent_) co_return Done();
    if (by_chunks_) co_await choose_framing();
    if (by_chunks_) co_return co_await send_chunks();
    if (!data_was_said_) co_await ask_for_data();
    co_return co_await send_data();
}

Task<Done> Transaction::announce() {
    add(mail_command(), Owed(Stage::mail));
    co_await announce_recipients();
    const bool flies_whole = may_fly_whole();
    if (flies_whole) co_await choose_framing();
    std::string command;
    if (!by_chunks_) {
        command = "DATA\r\n";
        data_was_said_ = true;
    } else if (flies_whole && buffers_->complete() && buffers_->ready() <= chunk_size_) {
        // A message that is small enough rides in the group of MAIL and RCPT (RFC 3030 2, RFC
        // 2920).
        command = concat("BDAT ", buffers_->ready(), " LAST\r\n");
    }
    if (!command.empty()) {
        if (!fits_the_group(command)) co_await exchange();
        add(command, Owed(by_chunks_ ? Stage::final_dot : Stage::data));
        whole_message_sent_ = by_chunks_;
    }
    co_return co_await expect_acceptance();
}

// contract.md#recipients: once the server is full no more RCPT than is written already.
Task<Done> Transaction::announce_recipients() {
    bool anybody = false;
    for (std::size_t i = 0; i < envelope_.recipients.size(); ++i) {
        const smtp::Path& recipient = envelope_.recipients[i];
        if (!sendable(recipient)) continue;
        anybody = true;
        const std::string command = concat("RCPT TO:<", recipient.wire(), ">\r\n");
        if (!fits_the_group(command)) co_await exchange();
        if (full_) {
            first_unsaid_ = i;
            break;
        }
        add(command, Owed(Stage::recipient, i));
    }
    if (!extensions_.pipelining || !anybody) co_await expect_acceptance();
    co_return Done();
}

bool Transaction::may_fly_whole() const {
    return by_chunks_ && extensions_.pipelining && flight_ == Flight::whole && first_block_ &&
           message_.size() <= largest_first_flight;
}

// contract.md#bdat: a server that has never answered one may execute the lines of the message
// as commands, inside an authenticated session too. The first chunk is searched whole, and nothing
// follows it before its reply.
Task<Done> Transaction::choose_framing() {
    co_await fill();
    if (history_.took_bdat || !smtp::holds_command_line(buffers_->front(chunk_size_)))
        co_return Done();
    by_chunks_ = false;
    buffers_->double_dots();
    co_return Done();
}

// DATA on its own, where it could not ride in a group.
Task<Done> Transaction::ask_for_data() {
    add("DATA\r\n", Owed(Stage::data));
    co_return co_await exchange();
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
    const std::string_view flight =
        whole_message_sent_ ? buffers_->flight(group, buffers_->ready()) : group;
    co_await chat_.say(flight, owed.front().stage);
    progress_.end_of_data_written = whole_message_sent_;
    for (std::size_t i = 0; i < owed.size(); ++i) {
        const Owed& next = owed[i];
        // Whoever has no reply by now has none because nothing was said.
        if (next.stage > Stage::recipient && !refusal_) note_unsaid();
        Result<smtp::Reply> reply = co_await chat_.read_reply(next.stage).outcome();
        if (!reply) co_return lost_reply(next.stage, std::move(reply.error()));
        Result<Done> taken = take(next, std::move(*reply));
        if (taken) continue;
        if (i + 1 < owed.size()) chat_.leave_step();
        co_return taken;
    }
    if (refusal_) co_return *refusal_;
    if (progress_.accepted) co_await expect_no_surplus();
    co_return Done();
}

// Of more replies than commands it is not known which one is about the message. RFC 5321 3.8 lets a
// server announce with 421 that it goes.
Task<Done> Transaction::expect_no_surplus() {
    const Pending pending = co_await chat_.peek();
    if (pending != Pending::data) co_return Done();
    const Result<smtp::Reply> surplus =
        co_await chat_.read_reply(Stage::final_dot).outcome();
    chat_.leave_step();
    if (surplus && surplus->closing()) co_return Done();
    co_return Failure(Stage::final_dot, Cause::protocol_error,
                      "the server sent more replies than it was sent commands");
}

// What was refused before a connection broke stays refused. But of a message that went out with
// MAIL the end must have been refused as well (contract.md#one-flight); a server that said 421 to
// MAIL and then closed has done so (RFC 5321 3.8).
Failure Transaction::lost_reply(Stage awaited, Failure why) {
    // docs/reading.md: it is passed on, or a refusal would lead to another try.
    if (why.cause == Cause::cancelled) return why;
    if (!refusal_) return awaited > Stage::recipient && !any_accepted() ? all_refused() : why;
    if (!whole_message_sent_) return *refusal_;
    constexpr int closing = 421;
    if (refusal_->code() == closing && why.cause == Cause::closed) {
        progress_.end_of_data_refused = true;
        return *refusal_;
    }
    return {Stage::final_dot, why.cause,
            concat("the server rejected MAIL (", first_line(refusal_->reason()),
                   "), but its reply to the end of the message was lost: ", why.detail)};
}

Result<Done> Transaction::take(const Owed& owed, smtp::Reply reply) {
    if (owed.stage == Stage::data) return take_go_ahead(std::move(reply));
    if (owed.stage == Stage::final_dot) return take_end_of_data(std::move(reply));
    if (refusal_) {  // RFC 2920 3.1: what follows a refused MAIL is refused as well
        if (reply.positive()) progress_.recipient_accepted_all_the_same = true;
        return Done();
    }
    const bool no = reply.transient() || reply.permanent();
    if (!no && !reply.positive())
        return tl::unexpected<Failure>(protocol_error(owed.stage, reply));
    if (owed.stage == Stage::recipient) return take_recipient(owed.recipient, std::move(reply));
    if (no) refusal_ = rejected(Stage::mail, std::move(reply));
    progress_.mail_refused = no;
    return Done();
}

Result<Done> Transaction::take_recipient(std::size_t index, smtp::Reply reply) {
    progress_.recipients.resize(index);
    RecipientAnswer& answer = progress_.recipients.emplace_back();
    const bool closing = reply.closing();
    // Some servers count recipients over the whole session, or over several: the first one of a
    // later transaction may be one too many as well.
    answer.waits = !reply.positive() && !closing && history_.took_recipient && means_full(reply);
    full_ = full_ || answer.waits;
    if (reply.positive()) {
        ++accepted_;
        history_.took_recipient = true;
    }
    answer.reply = std::move(reply);
    if (!closing) return Done();
    return tl::unexpected<Failure>(rejected(Stage::recipient, *answer.reply));
}

// Of a message that rode in the group of MAIL and RCPT.
Result<Done> Transaction::take_end_of_data(smtp::Reply reply) {
    if (reply.positive()) history_.took_bdat = true;
    // It may be reading the message as commands.
    else if (does_not_know_bdat(reply)) chat_.leave_step();
    if (!refusal_) return any_accepted() ? settle(std::move(reply)) : Done();
    progress_.end_of_data_refused = reply.transient() || reply.permanent();
    if (progress_.end_of_data_refused) return Done();
    chat_.leave_step();
    return fail(Stage::final_dot, Cause::protocol_error,
                concat("the server rejected MAIL (", first_line(refusal_->reason()),
                       ") and then replied to the message as if it accepted it (",
                       first_line(reply.text), ")"));
}

// Whoever has no reply by now has none because nothing was said.
void Transaction::note_unsaid() {
    for (std::size_t i = progress_.recipients.size(); i < envelope_.recipients.size(); ++i)
        progress_.recipients.emplace_back().waits =
            i >= first_unsaid_ && sendable(envelope_.recipients[i]);
}

// The reply to DATA. RFC 2920 3.1: a server may reply 354 although it accepted no recipient. It
// gets no message and no single dot, which would be an end of data: the connection is closed, and
// that cancels the transaction (contract.md#one-flight, RFC 5321 4.1.1.10).
Result<Done> Transaction::take_go_ahead(smtp::Reply reply) {
    constexpr int go_ahead = 354;
    const bool unwanted = refusal_ || !any_accepted();
    if (reply.code == go_ahead) {
        chat_.leave_step();
        return Done();
    }
    if (unwanted) return Done();
    return tl::unexpected<Failure>(reply.transient() || reply.permanent()
                                       ? rejected(Stage::data, std::move(reply))
                                       : protocol_error(Stage::data, reply));
}

// Ends a group; fails when no recipient was accepted.
Task<Done> Transaction::expect_acceptance() {
    co_await exchange();
    note_unsaid();
    if (any_accepted()) co_return Done();
    co_return all_refused();
}

Failure Transaction::all_refused() const {
    Failure refused(Stage::recipient, Cause::all_refused,
                    "the server does not offer SMTPUTF8, which every recipient's address needs");
    for (const RecipientAnswer& answer : progress_.recipients)
        if (answer.reply)
            refused = Failure(Stage::recipient, Cause::all_refused, *answer.reply);
    return refused;
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

// The message after 354, its final dot in the same write as its end.
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

// The message in chunks (RFC 3030); with PIPELINING their replies are read as they come, once the
// first has shown that the server knows BDAT.
Task<Done> Transaction::send_chunks() {
    std::size_t owed = 0;
    chat_.leave_step();
    for (bool last = false; !last;) {
        co_await fill();
        last = buffers_->complete() && buffers_->ready() <= chunk_size_;
        owed = co_await take_chunk_replies(owed);
        const std::size_t size = std::min(buffers_->ready(), chunk_size_);
        const std::string command = concat("BDAT ", size, last ? " LAST\r\n" : "\r\n");
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
        if (extensions_.pipelining && history_.took_bdat) {
            const Pending pending = co_await chat_.peek();
            if (pending == Pending::none) break;
        }
        co_await take_chunk_reply();
    }
    // As before the final dot: what is here already is no reply to the chunk that follows.
    if (owed == 0) co_await chat_.expect_silence(Stage::body);
    chat_.leave_step();
    co_return owed;
}

Task<Done> Transaction::take_chunk_reply() {
    smtp::Reply reply = co_await chat_.read_reply(Stage::body);
    if (!reply.positive()) {
        Result<Done> refused = settle(std::move(reply));
        chat_.leave_step();
        co_return refused;
    }
    history_.took_bdat = true;
    co_return Done();
}

// The reply to the end of data, or to a chunk that was refused.
Result<Done> Transaction::settle(smtp::Reply reply) {
    if (reply.positive()) {
        history_.took_bdat = history_.took_bdat || by_chunks_;
        progress_.accepted = std::move(reply);
        return Done();
    }
    progress_.end_of_data_refused =
        progress_.end_of_data_written && (reply.transient() || reply.permanent());
    if (by_chunks_ && does_not_know_bdat(reply) && !history_.took_bdat) {
        chat_.leave_step();  // it may be reading the message as commands
        return tl::unexpected<Failure>(
            Failure(Stage::final_dot, Cause::no_chunking, std::move(reply)));
    }
    return tl::unexpected<Failure>(reply.transient() || reply.permanent()
                                       ? rejected(Stage::final_dot, std::move(reply))
                                       : protocol_error(Stage::final_dot, reply));
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

// Nothing more is said: a server that took DATA for granted would read it as the message.
Failure Transaction::protocol_error(Stage stage, const smtp::Reply& reply) {
    chat_.leave_step();
    return not_valid(stage, command_of(stage), reply);
}

bool Transaction::sendable(const smtp::Path& path) const {
    return extensions_.smtputf8 || !path.local_is_internationalised();
}

std::string Transaction::mail_command() const {
    const std::string_view known = first_block_.value_or(std::string_view());
    const bool whole = first_block_ && ended_;
    const bool eight_bit = !whole || has_8bit(known);
    // contract.md#smtputf8: never for a header. Sites whose front server offers it often have back
    // ends that bounce what was declared so and take the same mail without.
    const bool utf8 =
        envelope_.sender.local_is_internationalised() ||
        std::ranges::any_of(envelope_.recipients, &smtp::Path::local_is_internationalised);
    std::string command = concat("MAIL FROM:<", envelope_.sender.wire(), ">");
    if (extensions_.size && message_.size()) command += concat(" SIZE=", *message_.size());
    // RFC 6152: a large message is not searched for 8-bit bytes only to say that it has none.
    if (extensions_.eight_bit_mime && eight_bit) command += " BODY=8BITMIME";
    if (extensions_.smtputf8 && utf8) command += " SMTPUTF8";
    return command += "\r\n";
}

}  // namespace tern::session

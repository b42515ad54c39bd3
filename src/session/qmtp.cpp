// The length, then the package, then its answers; see qmtp.hpp.
#include "session/qmtp.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "session/chat.hpp"
#include "smtp/line_feeds.hpp"
#include "smtp/netstring.hpp"

namespace tern::session {
namespace {

constexpr std::size_t block_size = 32UL * 1024;

// The memo, section 3: the first byte of the message says that its lines end with LF.
constexpr char lines_end_with_lf = '\n';

// The envelope after the message: its sender, then its recipients as one netstring of many.
std::string encoded(const Envelope& envelope) {
    std::string recipients;
    for (const smtp::Path& recipient : envelope.recipients)
        recipients += smtp::netstring(recipient.raw());
    return concat(smtp::netstring(envelope.sender.raw()), smtp::netstring(recipients));
}

// The reply that SMTP would have given; 0: no such answer.
int code_of(std::string_view answer) {
    switch (answer.empty() ? '\0' : answer.front()) {
        case 'K': return 250;
        case 'Z': return 450;
        case 'D': return 550;
        default: return 0;
    }
}

/// The message as QMTP carries it, a block at a time.
class Blocks {
public:
    Blocks(const Clock& clock, Duration timeout, MessageSource& message)
        : clock_(clock),
          timeout_(timeout),
          message_(message),
          block_(std::make_unique_for_overwrite<char[]>(block_size)) {}

    /// The next bytes, none only at the end. They hold until the next call.
    Task<std::string_view> next() {
        for (;;) {
            const std::span<char> block(block_.get(), block_size);
            const std::size_t got = co_await message_.read_some(block, clock_.now() + timeout_);
            const std::size_t made =
                encoder_.encode(std::string_view(block_.get(), got), block_.get());
            if (got == 0 || made > 0) co_return std::string_view(block_.get(), made);
        }
    }
    [[nodiscard]] bool ended_with_newline() const { return encoder_.ended_with_newline(); }

private:
    const Clock& clock_;
    const Duration timeout_;
    MessageSource& message_;
    const std::unique_ptr<char[]> block_;
    smtp::LineFeedEncoder encoder_;
};

class Package {
public:
    Package(const Clock& clock, Stream& stream, Duration timeout, const Envelope& envelope,
            MessageSource& message, std::uint64_t size, Progress& progress)
        : chat_(clock, stream, timeout),
          envelope_(envelope),
          blocks_(clock, timeout, message),
          size_(size),
          progress_(progress) {}

    Task<Done> deliver();

private:
    Task<Done> send();
    Task<Done> hear_answers();
    Task<Done> hear_answer();
    Result<Done> take(const std::string& answer);
    [[nodiscard]] Result<Done> outcome() const;
    [[nodiscard]] Failure protocol_error(std::string_view why) const;
    [[nodiscard]] std::string place() const;

    Chat chat_;
    const Envelope& envelope_;
    Blocks blocks_;
    const std::uint64_t size_;
    Progress& progress_;
    std::string wire_;
    std::string_view heard_;
};

Task<Done> Package::deliver() {
    co_await send();
    co_await hear_answers();
    co_return outcome();
}

// The second reading. A small package leaves in one write.
Task<Done> Package::send() {
    const std::string envelope = encoded(envelope_);
    wire_.reserve(block_size + 64 + std::min(envelope.size(), block_size));
    wire_ = smtp::netstring_prefix(size_ + 1);
    wire_ += lines_end_with_lf;
    std::uint64_t left = size_;
    for (;;) {
        const std::string_view block = co_await blocks_.next();
        if (block.size() > left || (block.empty() && (left > 0 || !blocks_.ended_with_newline())))
            co_return Failure(Stage::body, Cause::message_source,
                              "it changed while it was being sent");
        if (block.empty()) break;
        left -= block.size();
        if (wire_.size() + block.size() > block_size) {
            co_await chat_.write(wire_, Stage::body);
            wire_.clear();
        }
        wire_ += block;
    }
    wire_ += ',';
    wire_ += envelope;
    // The memo, section 2: no part of an answer may come before the package is complete.
    co_await chat_.expect_silence(Stage::body);
    co_await chat_.write(wire_, Stage::body);
    progress_.end_of_data_written = true;
    co_return Done();
}

Task<Done> Package::hear_answers() {
    while (progress_.recipients.size() < envelope_.recipients.size()) co_await hear_answer();
    Pending surplus = Pending::data;
    if (heard_.empty()) surplus = co_await chat_.peek();
    if (surplus != Pending::data) co_return Done();
    progress_.recipients.clear();
    progress_.accepted.reset();
    co_return protocol_error("the server sent more answers than there were recipients");
}

Task<Done> Package::hear_answer() {
    smtp::NetstringReader reader;
    ReplyTime time = chat_.reply_time();
    for (;;) {
        heard_.remove_prefix(reader.feed(heard_));
        if (reader.state() == smtp::NetstringReader::State::complete) co_return take(reader.take());
        if (reader.state() == smtp::NetstringReader::State::malformed)
            co_return protocol_error(concat(place(), " is not a netstring: ", reader.trouble()));
        Result<std::string_view> got = co_await chat_.hear(Stage::final_dot, time).outcome();
        if (!got) co_return got.error();
        if (got->empty())
            co_return Failure(
                Stage::final_dot, Cause::closed,
                concat("the server closed the connection before ", place(), " was complete"));
        heard_ = *got;
    }
}

Result<Done> Package::take(const std::string& answer) {
    smtp::Reply reply;
    reply.code = code_of(answer);
    if (reply.code == 0)
        return tl::unexpected<Failure>(
            protocol_error(concat(place(), " does not begin with K, Z or D")));
    reply.text = answer.substr(1);
    if (reply.positive() && !progress_.accepted) progress_.accepted = reply;
    progress_.recipients.emplace_back().reply = std::move(reply);
    return Done();
}

Result<Done> Package::outcome() const {
    if (progress_.accepted) return Done();
    return tl::unexpected<Failure>(Failure(Stage::recipient, Cause::all_refused,
                                           *progress_.recipients.back().reply));
}

Failure Package::protocol_error(std::string_view why) const {
    return Failure(Stage::final_dot, Cause::protocol_error, std::string(why));
}

std::string Package::place() const {
    return concat("answer ", progress_.recipients.size() + 1, " of ", envelope_.recipients.size());
}

}  // namespace

Task<std::uint64_t> measure_for_qmtp(const Clock& clock, Duration timeout, MessageSource& message) {
    if (!message.size())
        co_return Failure(Stage::start, Cause::message_source,
                          "QMTP announces the length of a message before it: standard input must "
                          "be a file for it, not a pipe");
    Blocks blocks(clock, timeout, message);
    std::uint64_t size = 0;
    for (;;) {
        const std::string_view block = co_await blocks.next();
        if (block.empty()) break;
        size += block.size();
    }
    if (!blocks.ended_with_newline())
        co_return Failure(Stage::body, Cause::partial_line,
                          "the message does not end with a newline");
    if (!message.rewind())
        co_return Failure(Stage::body, Cause::message_source, "it cannot be read a second time");
    co_return size;
}

Task<Done> deliver_by_qmtp(const Clock& clock, Stream& stream, Duration timeout,
                           const Envelope& envelope, MessageSource& message, std::uint64_t size,
                           Progress& progress) {
    Package package(clock, stream, timeout, envelope, message, size, progress);
    co_return co_await package.deliver();
}

}  // namespace tern::session

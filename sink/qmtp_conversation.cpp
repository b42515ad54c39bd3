// Netstrings byte by byte, the text in blocks, an answer for each recipient at the package's end.
#include "sink/qmtp_conversation.hpp"

#include <algorithm>
#include <utility>

#include "sink/ascii.hpp"

namespace tern::sink {

namespace {

constexpr std::uint64_t longest_netstring = std::uint64_t(1) << 62;
constexpr std::size_t longest_address = 4096;
// What the answers to a series of recipients may cost us.
constexpr std::uint64_t least_series = 1 << 20;
constexpr std::uint64_t series_per_recipient = 1024;

std::string words_of(const ScriptedReply& reply) {
    const char letter = reply.code / 100 == 2 ? 'K' : reply.code / 100 == 4 ? 'Z' : 'D';
    return letter + reply.text;
}

}  // namespace

QmtpConversation::QmtpConversation(const Settings& settings, Journal& journal, PeerNames peer)
    : settings_(settings), journal_(journal), script_(settings) {
    session_.connection = journal.connection_opened();
    session_.peer = std::move(peer);
}

void QmtpConversation::input_arrived() {
    if (said_something_) ++session_.waits;
    said_something_ = false;
}

// A client may send further packages before the answers come.
void QmtpConversation::resume(bool) {
    paused_ = false;
}

void QmtpConversation::ended(bool by_idle_limit) {
    ConnectionEnd end;
    end.in_message = begun_ && !garbled_;
    end.said_quit = !begun_;  // there is no QUIT: between two packages all is said
    end.by_idle_limit = by_idle_limit;
    journal_.connection_ended(end);
}

std::size_t QmtpConversation::take(std::string_view input) {
    std::size_t taken = 0;
    while (taken < input.size() && wish() == Wish::input) {
        switch (part_) {
            case Part::text:
                taken += take_text(input.substr(taken));
                break;
            case Part::sender:
            case Part::recipient:
                taken += take_address(input.substr(taken));
                break;
            default:
                take_mark(input[taken++]);
        }
    }
    return wish_ == Wish::close ? input.size() : taken;
}

void QmtpConversation::take_mark(char c) {
    const bool in_series = part_ == Part::recipient_length || part_ == Part::recipient_comma;
    if (in_series && series_left_-- == 0)
        return give_up("a recipient goes beyond the netstring of all");
    switch (part_) {
        case Part::message_length:
        case Part::sender_length:
        case Part::series_length:
        case Part::recipient_length:
            return take_length(c);
        case Part::line_ends:
            return begin_text(c);
        default:
            break;
    }
    if (c != ',') return give_up("no comma where a netstring ends");
    switch (part_) {
        case Part::message_comma:
            part_ = Part::sender_length;
            return;
        case Part::sender_comma:
            sender_ended();
            part_ = Part::series_length;
            return;
        case Part::recipient_comma:
            recipient_ended();
            part_ = series_left_ == 0 ? Part::series_comma : Part::recipient_length;
            return;
        default:
            return package_ended();
    }
}

void QmtpConversation::take_length(char c) {
    begun_ = true;
    if (c == ':' && digits_ > 0) return length_ended();
    if (!is_digit(c)) return give_up("no length where a netstring begins");
    if (digits_ > 0 && length_ == 0) return give_up("a length that begins with a zero");
    ++digits_;
    length_ = length_ * 10 + static_cast<std::uint64_t>(c - '0');
    if (length_ > longest_netstring) give_up("a length beyond all measure");
}

void QmtpConversation::length_ended() {
    digits_ = 0;
    switch (part_) {
        case Part::message_length:
            if (length_ == 0) return give_up("a message that does not announce how its lines end");
            part_ = Part::line_ends;
            return;
        case Part::sender_length:
            part_ = length_ == 0 ? Part::sender_comma : Part::sender;
            return;
        case Part::series_length:
            if (length_ == 0) return give_up("no recipients");
            if (length_ > std::max<std::uint64_t>(least_series,
                                                  settings_.most_recipients * series_per_recipient))
                return give_up("more recipients than anybody can have");
            series_left_ = std::exchange(length_, 0);
            part_ = Part::recipient_length;
            return;
        default:
            if (length_ >= series_left_)
                return give_up("a recipient goes beyond the netstring of all");
            part_ = length_ == 0 ? Part::recipient_comma : Part::recipient;
    }
}

// The memo, section 4: LF or CR, of which the latter means CR LF.
void QmtpConversation::begin_text(char line_end) {
    if (line_end != '\n' && line_end != '\r')
        return give_up("a message that does not announce how its lines end");
    lines_end_with_lf_ = line_end == '\n';
    transaction_ = Transaction();
    transaction_.by_qmtp = true;
    scanner_.emplace(BodyScanner::Form::counted);
    store_.emplace(settings_.body, journal_.expectation());
    too_large_ = false;
    part_ = --length_ == 0 ? Part::message_comma : Part::text;
}

// What is kept, logged and compared has CR LF, as SMTP would have brought it. A CR of a message
// whose lines end with LF is alone then.
std::size_t QmtpConversation::take_text(std::string_view input) {
    const std::string_view block =
        input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), length_)));
    length_ -= block.size();
    if (length_ == 0) part_ = Part::message_comma;
    if (!lines_end_with_lf_) {
        scan(block);
        return block.size();
    }
    converted_.clear();
    for (std::size_t at = 0; at < block.size();) {
        const std::size_t end = block.find('\n', at);
        converted_ += block.substr(at, end - at);
        if (end == std::string_view::npos) break;
        converted_ += "\r\n";
        at = end + 1;
    }
    scan(converted_);
    return block.size();
}

void QmtpConversation::scan(std::string_view piece) {
    if (!store_) return;
    scanner_->scan(piece, *store_);
    if (store_->size() <= settings_.largest_message) return;
    too_large_ = true;
    store_.reset();
}

std::size_t QmtpConversation::take_address(std::string_view input) {
    const std::string_view part =
        input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), length_)));
    if (address_.size() + part.size() > longest_address) address_is_too_long_ = true;
    else address_ += part;
    length_ -= part.size();
    const bool is_sender = part_ == Part::sender;
    if (!is_sender) series_left_ -= part.size();
    if (length_ == 0) part_ = is_sender ? Part::sender_comma : Part::recipient_comma;
    return part.size();
}

void QmtpConversation::sender_ended() {
    sender_is_bad_ = std::any_of(address_.begin(), address_.end(), is_control);
    if (sender_is_bad_) blame(Violation::syntax, "a sender that is not an address");
    if (std::exchange(address_is_too_long_, false)) sender_is_bad_ = true;
    transaction_.sender.address = std::exchange(address_, std::string());
}

void QmtpConversation::recipient_ended() {
    Answer judged = judge_recipient();
    if (judged.taken) transaction_.recipients.push_back({address_, {}});
    else if (transaction_.refused.size() < settings_.most_recipients)
        transaction_.refused.push_back({address_, judged.words});
    answers_.push_back(std::move(judged));
    address_.clear();
    address_is_too_long_ = false;
}

QmtpConversation::Answer QmtpConversation::judge_recipient() {
    if (address_is_too_long_) return {false, false, "Dthat address is too long (#5.1.3)"};
    if (address_.empty() || std::any_of(address_.begin(), address_.end(), is_control)) {
        blame(Violation::syntax, "a recipient that is not an address");
        return {false, false, "Dthat is not an address (#5.1.3)"};
    }
    const ScriptedReply* reply = rejection_of(settings_, address_);
    if (reply == nullptr && transaction_.recipients.size() >= settings_.most_recipients)
        return {false, false, "Ztoo many recipients (#4.5.3)"};
    if (reply == nullptr) reply = script_.next(Stage::rcpt);
    if (reply == nullptr) return {true, false, ""};
    if (reply->kind == ScriptedReply::Kind::hang_up) return {false, true, ""};
    const std::string words = words_of(*reply);
    return {words.front() == 'K', false, words};
}

void QmtpConversation::package_ended() {
    const BodyFacts facts = scanner_->finish();
    const StoredBody stored = store_ ? store_->finish() : StoredBody();
    if (!too_large_) blame_text(facts, stored);
    ++session_.messages;
    const Answer message = judge_message(stored);
    const bool accepted = message.taken && !transaction_.recipients.empty();
    std::string line;
    if (journal_.has_log())
        line = message_record(session_, transaction_, facts, stored, accepted, message.words);
    journal_.message(line, accepted, transaction_.recipients.size(), stored.size);
    answer(message);
    scanner_.reset();
    store_.reset();
    answers_.clear();
    part_ = Part::message_length;
    begun_ = false;
}

QmtpConversation::Answer QmtpConversation::judge_message(const StoredBody& stored) {
    if (!stored.trouble.empty()) {
        journal_.trouble(stored.trouble);
        return {false, false, "Zthe message could not be kept (#4.3.0)"};
    }
    if (sender_is_bad_) return {false, false, "Dthat sender is not an address (#5.1.7)"};
    if (too_large_) return {false, false, "Dthe message is too large (#5.3.4)"};
    const ScriptedReply* script = script_.next(Stage::message);
    if (script == nullptr) return {true, false, "Kmessage taken"};
    if (script->kind == ScriptedReply::Kind::hang_up) return {false, true, ""};
    const std::string words = words_of(*script);
    return {words.front() == 'K', false, words};
}

void QmtpConversation::answer(const Answer& message) {
    for (const Answer& recipient : answers_) {
        const Answer& what = recipient.taken ? message : recipient;
        if (what.hang_up) {
            wish_ = Wish::close;
            break;
        }
        output_ += std::to_string(what.words.size());
        output_ += ':';
        output_ += what.words;
        output_ += ',';
    }
    said_something_ = true;
    paused_ = settings_.delay.count() != 0;
}

// SMTP's limit of a line's length is not QMTP's.
void QmtpConversation::blame_text(const BodyFacts& facts, const StoredBody& stored) {
    if (facts.bare_cr != 0) blame(Violation::bare_cr, "in a message", facts.bare_cr);
    if (facts.bare_lf != 0) blame(Violation::bare_lf, "in a message", facts.bare_lf);
    if (!stored.as_expected) blame(Violation::wrong_message, stored.what_came_instead());
}

void QmtpConversation::blame(Violation kind, std::string_view detail, std::uint64_t times) {
    journal_.violation(kind, times, session_.connection, session_.peer.client, detail);
}

// What follows could be anything.
void QmtpConversation::give_up(std::string_view why) {
    blame(Violation::syntax, why);
    garbled_ = true;
    wish_ = Wish::close;
}

}  // namespace tern::sink

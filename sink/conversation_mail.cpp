// MAIL, RCPT, DATA, BDAT and the message's text, as parts of the conversation.
#include <algorithm>
#include <string>
#include <string_view>

#include "sink/ascii.hpp"
#include "sink/conversation.hpp"

namespace tern::sink {

namespace {

constexpr std::uint64_t largest_chunk = std::uint64_t(1) << 62;

class Nowhere : public BodyReceiver {
public:
    void take(std::string_view) override {}
};

bool has_eight_bit(std::string_view text) {
    return std::any_of(text.begin(), text.end(), is_eight_bit);
}

std::string lower(std::string_view text) {
    std::string made(text);
    for (char& c : made)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return made;
}

}  // namespace

void Conversation::mail(const Command& command) {
    mail_was_tried_ = true;
    rcpt_was_tried_ = false;
    if (session_.hello.empty() || transaction_) {
        blame(Violation::out_of_order,
              transaction_ ? "MAIL within a transaction" : "MAIL before EHLO or HELO");
        return refuse(503, "5.5.1", "MAIL comes after EHLO, once");
    }
    if (settings_.tls_required && !session_.tls)
        return refuse(530, "5.7.0", "Must issue a STARTTLS command first");
    if (settings_.auth_required && session_.mechanism.empty())
        return refuse(530, "5.7.0", "Authentication required");
    const std::optional<PathArgument> path = parse_path(command.argument, "FROM:");
    if (!path) {
        blame(Violation::syntax, "a malformed MAIL");
        return refuse(501, "5.5.4", "say MAIL FROM:<address>");
    }
    if (!parameters_fit(*path)) return;
    if (settings_.limits.messages && offers_now(Extension::limits) &&
        session_.messages >= *settings_.limits.messages)
        return refuse(452, "4.5.3", "no more messages in this session");
    if (answer(Stage::mail, 250, "2.1.0", "sender taken") / 100 != 2) return;
    transaction_.emplace();
    transaction_->sender = *path;
    transaction_->smtputf8 = path->find("SMTPUTF8") != nullptr;
    transaction_->pipelined = more_follows_;
}

bool Conversation::parameters_fit(const PathArgument& path) {
    for (const Parameter& parameter : path.parameters) {
        const std::string& keyword = parameter.keyword;
        if (keyword == "SIZE" && offers_now(Extension::size)) {
            // RFC 1870 6.1: a declared size beyond the limit is refused immediately.
            const auto size = number(parameter.value, ~std::uint64_t(0) >> 1U);
            if (size && *size <= settings_.largest_message) continue;
            refuse(size ? 552 : 501, size ? "5.3.4" : "5.5.4", "that size does not fit");
        } else {
            const bool known = (keyword == "BODY" && offers_now(Extension::eight_bit_mime) &&
                                (same(parameter.value, "7BIT") ||
                                 same(parameter.value, "8BITMIME"))) ||
                               (keyword == "SMTPUTF8" && offers_now(Extension::smtputf8) &&
                                parameter.value.empty()) ||
                               (keyword == "AUTH" && offers_now(Extension::auth));
            if (known) continue;
            blame(Violation::syntax, "the parameter " + keyword + " in MAIL was not offered");
            refuse(555, "5.5.4", "the parameter " + keyword + " is not known or has no such value");
        }
        return false;
    }
    if (has_eight_bit(path.address) && path.find("SMTPUTF8") == nullptr) {
        blame(Violation::syntax, "an address with 8-bit bytes without SMTPUTF8");
        refuse(553, "5.6.7", "such an address needs SMTPUTF8");
        return false;
    }
    return true;
}

void Conversation::rcpt(const Command& command) {
    rcpt_was_tried_ = mail_was_tried_;
    if (!transaction_ || transaction_->text_begun) {
        // After a refused MAIL a group goes on; that is no fault.
        if (!mail_was_tried_ || transaction_)
            blame(Violation::out_of_order, "RCPT outside of a transaction's beginning");
        return refuse(503, "5.5.1", "RCPT comes after MAIL");
    }
    std::optional<PathArgument> path = parse_path(command.argument, "TO:");
    if (!path || path->address.empty()) {
        blame(Violation::syntax, "a malformed RCPT");
        return refuse(501, "5.5.4", "say RCPT TO:<address>");
    }
    if (!recipient_fits(*path)) {
        if (transaction_->refused.size() < settings_.most_recipients)
            transaction_->refused.push_back({path->address, last_reply_});
        return;
    }
    transaction_->recipients.push_back(std::move(*path));
}

bool Conversation::recipient_fits(const PathArgument& path) {
    if (!path.parameters.empty()) {
        blame(Violation::syntax, "a parameter in RCPT was not offered");
        refuse(555, "5.5.4", "no parameters are known here");
        return false;
    }
    if (has_eight_bit(path.address) && !transaction_->smtputf8) {
        blame(Violation::syntax, "an address with 8-bit bytes without SMTPUTF8");
        refuse(553, "5.6.7", "such an address needs SMTPUTF8");
        return false;
    }
    if (const ScriptedReply* reply = rejection_of(settings_, path.address); reply != nullptr) {
        if (reply->kind == ScriptedReply::Kind::hang_up) wish_ = Wish::close;
        else say(reply->code, "", reply->text);
        return false;
    }
    const std::string domain = lower(domain_of(path.address));
    std::vector<std::string>& domains = transaction_->domains;
    const bool is_new = std::find(domains.begin(), domains.end(), domain) == domains.end();
    const std::size_t count = transaction_->recipients.size();
    const Limits limits = offers_now(Extension::limits) ? settings_.limits : Limits();
    // RFC 5321 4.5.3.1.10: too many recipients is 452.
    if (count >= settings_.most_recipients || (limits.recipients && count >= *limits.recipients) ||
        (limits.domains && is_new && domains.size() >= *limits.domains)) {
        say(452, "4.5.3", "too many recipients");
        return false;
    }
    if (answer(Stage::rcpt, 250, "2.1.5", "recipient taken") / 100 != 2) return false;
    // Which domains there are matters only where their number is limited.
    if (is_new && limits.domains) domains.push_back(domain);
    return true;
}

void Conversation::data(const Command& command) {
    if (!command.argument.empty()) {
        blame(Violation::syntax, "DATA takes no argument");
        return refuse(501, "5.5.4", "DATA takes no argument");
    }
    if (!rcpt_was_tried_ || (transaction_ && transaction_->text_begun)) {
        blame(Violation::out_of_order, "DATA without RCPT, or after BDAT");
        return refuse(503, "5.5.1", "DATA comes after RCPT, and not after BDAT");
    }
    if (!transaction_ || transaction_->recipients.empty())
        return refuse(554, "5.5.1", "there are no recipients");
    if (answer(Stage::data, 354, "", "go on, end with a dot") != 354) return;
    begin_text(BodyScanner::Form::dotted);
    mode_ = Mode::text;
}

void Conversation::begin_text(BodyScanner::Form form) {
    transaction_->text_begun = true;
    scanner_.emplace(form);
    store_.emplace(settings_.body, journal_.expectation());
    too_large_ = false;
}

void Conversation::scan(std::string_view block, std::size_t& taken) {
    Nowhere nowhere;
    BodyReceiver& receiver = store_ ? static_cast<BodyReceiver&>(*store_) : nowhere;
    taken = scanner_->scan(block, receiver);
    if (!store_ || store_->size() <= settings_.largest_message) return;
    too_large_ = true;
    store_.reset();
}

std::size_t Conversation::take_text(std::string_view input) {
    std::size_t taken = 0;
    scan(input, taken);
    if (!scanner_->ended()) return taken;
    mode_ = Mode::command;
    more_follows_ = taken < input.size();
    message_ended();
    return taken;
}

void Conversation::bdat(const Command& command) {
    std::string_view rest = command.argument;
    const auto size = number(take_word(rest), largest_chunk);
    const bool last = same(rest, "LAST");
    if (!offers_now(Extension::chunking)) {
        blame(Violation::out_of_order, "BDAT where CHUNKING was not offered");
        garbled_ = true;
        return refuse(502, "5.5.1", "there is no CHUNKING here");
    }
    if (!size || (!rest.empty() && !last)) {
        blame(Violation::syntax, "a malformed BDAT");
        garbled_ = true;
        return refuse(501, "5.5.4", "say BDAT and a size");
    }
    chunk_reply_ = script_.next(Stage::bdat);
    if (chunk_reply_ != nullptr && chunk_reply_->kind == ScriptedReply::Kind::hang_up) {
        wish_ = Wish::close;
        return;
    }
    if (chunk_reply_ != nullptr && (chunk_reply_->code == 500 || chunk_reply_->code == 502)) {
        // A server that says so does not know that a chunk follows.
        garbled_ = true;
        return say(chunk_reply_->code, "", chunk_reply_->text);
    }
    if (transaction_ && chunk_reply_ != nullptr && chunk_reply_->code / 100 != 2)
        transaction_->failed = true;
    if (!rcpt_was_tried_ || (transaction_ && transaction_->text_begun && transaction_->chunks == 0))
        blame(Violation::out_of_order, "BDAT without RCPT, or after DATA");
    chunk_left_ = *size;
    chunk_is_last_ = last;
    chunk_is_unwanted_ = !transaction_ || transaction_->recipients.empty() || transaction_->failed;
    if (!chunk_is_unwanted_) {
        if (!transaction_->text_begun) begin_text(BodyScanner::Form::counted);
        ++transaction_->chunks;
    }
    mode_ = Mode::chunk;
    if (chunk_left_ == 0) chunk_ended();
}

std::size_t Conversation::take_chunk(std::string_view input) {
    const std::size_t count =
        static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), chunk_left_));
    std::size_t taken = count;
    if (!chunk_is_unwanted_) scan(input.substr(0, count), taken);
    chunk_left_ -= count;
    more_follows_ = count < input.size();
    if (chunk_left_ == 0) chunk_ended();
    return count;
}

// RFC 3030 2: a chunk that is not wanted is read all the same, then refused.
void Conversation::chunk_ended() {
    mode_ = Mode::command;
    if (transaction_ && more_follows_) transaction_->pipelined = true;
    if (chunk_is_unwanted_) {
        const bool failed = transaction_ && transaction_->failed;
        if (chunk_is_last_) forget_transaction();
        if (chunk_reply_ != nullptr) return say(chunk_reply_->code, "", chunk_reply_->text);
        return refuse(503, "5.5.1",
                      failed ? "the message was refused already" : "there are no recipients");
    }
    if (chunk_is_last_) return message_ended();
    if (chunk_reply_ != nullptr) return say(chunk_reply_->code, "", chunk_reply_->text);
    say(250, "2.0.0", "chunk taken");
}

void Conversation::blame_text(const BodyFacts& facts, const StoredBody& stored) {
    if (facts.bare_cr != 0) blame(Violation::bare_cr, "in a message", facts.bare_cr);
    if (facts.bare_lf != 0) blame(Violation::bare_lf, "in a message", facts.bare_lf);
    if (facts.long_lines != 0) blame(Violation::long_line, "in a message", facts.long_lines);
    if (!stored.as_expected) blame(Violation::wrong_message, stored.what_came_instead());
}

void Conversation::message_ended() {
    const BodyFacts facts = scanner_->finish();
    const StoredBody stored = store_ ? store_->finish() : StoredBody();
    if (!too_large_) blame_text(facts, stored);
    ++session_.messages;
    unsigned code = 0;
    if (!stored.trouble.empty()) {
        journal_.trouble(stored.trouble);
        code = 451;
        say(code, "4.3.0", "the message could not be kept");
    } else if (too_large_) {
        code = 552;
        say(code, "5.3.4", "the message is too large");
    } else {
        code = answer(Stage::message, 250, "2.0.0", "message taken");
    }
    record(facts, stored, code / 100 == 2);
    scanner_.reset();
    store_.reset();
    forget_transaction();
}

void Conversation::forget_transaction() {
    transaction_.reset();
    mail_was_tried_ = false;
    rcpt_was_tried_ = false;
}

void Conversation::record(const BodyFacts& facts, const StoredBody& stored, bool accepted) {
    std::string line;
    if (journal_.has_log())
        line = message_record(session_, *transaction_, facts, stored, accepted, last_reply_);
    journal_.message(line, accepted, transaction_->recipients.size(), stored.size);
}

}  // namespace tern::sink

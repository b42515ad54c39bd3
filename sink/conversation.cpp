// Lines, replies and the session's own commands. Transactions are in conversation_mail.cpp, AUTH is
// in conversation_auth.cpp.
#include "sink/conversation.hpp"

#include <utility>

#include "sink/ascii.hpp"

namespace tern::sink {

namespace {

// RFC 4954 4 wants 12,288 for AUTH; the 512 of RFC 5321 4.5.3.1.4 are less than long addresses
// need.
constexpr std::size_t longest_command = 12288;
constexpr std::uint64_t longest_nonsense = 1 << 20;  // of a line, before the client is left
constexpr unsigned most_refusals = 500;              // of commands in one session, likewise

// RFC 2920 3.1 and RFC 4954 4: these come last in a group, their replies are awaited.
bool ends_group(Verb verb) {
    switch (verb) {
        case Verb::ehlo:
        case Verb::helo:
        case Verb::data:
        case Verb::vrfy:
        case Verb::expn:
        case Verb::noop:
        case Verb::auth:
        case Verb::quit:
            return true;
        default:
            return false;
    }
}

}  // namespace

Conversation::Conversation(const Settings& settings, Journal& journal, PeerNames peer,
                           bool implicit_tls)
    : settings_(settings),
      journal_(journal),
      peer_(std::move(peer)),
      script_(settings),
      number_(journal.connection_opened()) {
    session_.connection = number_;
    session_.peer = peer_;
    if (implicit_tls) wish_ = Wish::tls;
}

void Conversation::greet() {
    const unsigned code = answer(Stage::greeting, 220, "", settings_.name + " ESMTP tern-sink");
    // RFC 5321 3.1: after a 554 the server waits for QUIT; after 421 it leaves.
    if (code == 421) wish_ = Wish::close;
    if (!paused_) greeting_due_ = false;
}

void Conversation::input_arrived() {
    if (said_something_) ++session_.waits;
    said_something_ = false;
}

void Conversation::resume(bool input_came) {
    paused_ = false;
    if (input_came && greeting_due_)
        blame(Violation::before_greeting, "sent data before the greeting");
    else if (input_came && ends_group(last_verb_) && mode_ != Mode::text)
        blame(Violation::ahead, "went on before the reply came");
    greeting_due_ = false;
}

void Conversation::tls_began(const TlsFacts& facts) {
    // RFC 3207 4.2: what was said before the handshake is forgotten.
    const bool implicit = greeting_due_;
    session_.starttls = !implicit;
    session_.tls = facts;
    session_.hello.clear();
    session_.extended = false;
    wish_ = Wish::input;
    if (implicit) greet();
}

void Conversation::clear_instead_of_tls() {
    blame(Violation::clear_after_tls, "no TLS came where a handshake was due");
    wish_ = Wish::close;
}

void Conversation::ended(bool by_idle_limit) {
    ConnectionEnd end;
    end.in_message = mode_ == Mode::text || mode_ == Mode::chunk;
    end.said_quit = said_quit_;
    end.by_idle_limit = by_idle_limit;
    journal_.connection_ended(end);
}

std::size_t Conversation::take(std::string_view input) {
    std::size_t taken = 0;
    while (taken < input.size() && wish() == Wish::input) {
        const std::string_view rest = input.substr(taken);
        switch (mode_) {
            case Mode::command:
            case Mode::auth:
                taken += take_line(rest);
                break;
            case Mode::text:
                taken += take_text(rest);
                break;
            case Mode::chunk:
                taken += take_chunk(rest);
                break;
        }
    }
    // Injected after STARTTLS, or sent after QUIT: never to be obeyed.
    return wish_ == Wish::tls || wish_ == Wish::close ? input.size() : taken;
}

std::size_t Conversation::take_line(std::string_view input) {
    const std::size_t newline = input.find('\n');
    const std::size_t count = newline == std::string_view::npos ? input.size() : newline + 1;
    if (dropped_ != 0 || line_.size() + count > longest_command) {
        dropped_ += line_.size() + count;
        line_.clear();
    } else if (newline == std::string_view::npos || !line_.empty()) {
        line_ += input.substr(0, count);
    }
    if (dropped_ > longest_nonsense) {
        blame(Violation::syntax, "a line without an end");
        say(421, "4.7.0", "that line never ends");
        wish_ = Wish::close;
        return count;
    }
    if (newline == std::string_view::npos) return count;
    more_follows_ = count < input.size();
    if (dropped_ != 0) {
        dropped_ = 0;
        blame(Violation::syntax, "a command line of more than 12,288 bytes");
        refuse(500, "5.5.6", "line too long");
        return count;
    }
    const std::string kept = std::exchange(line_, std::string());
    handle_line(kept.empty() ? input.substr(0, count) : std::string_view(kept));
    return count;
}

void Conversation::handle_line(std::string_view line) {
    line.remove_suffix(1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    else blame(Violation::bare_lf, "a command ended by LF alone");
    if (line.find('\r') != std::string_view::npos) {
        blame(Violation::bare_cr, "a CR within a command");
        return refuse(500, "5.5.2", "a bare CR is in your command");
    }
    if (mode_ == Mode::auth) return auth_line(line);
    handle_command(line);
}

void Conversation::handle_command(std::string_view line) {
    const Command command = parse_command(line);
    last_verb_ = command.verb;
    check_group(command);
    dispatch(command);
}

void Conversation::check_group(const Command& command) {
    if (!more_follows_ || garbled_) return;
    if (command.verb == Verb::starttls)
        blame(Violation::clear_after_tls, "bytes in clear right after STARTTLS");
    else if (ends_group(command.verb))
        blame(Violation::ahead, "did not await the reply to a command that ends a group");
    else if (command.verb != Verb::bdat && !offers_now(Extension::pipelining))
        blame(Violation::ahead, "sent commands together where PIPELINING was not offered");
    if (transaction_) transaction_->pipelined = true;
}

void Conversation::dispatch(const Command& command) {
    switch (command.verb) {
        case Verb::ehlo:
        case Verb::helo:
            return hello(command);
        case Verb::starttls:
            return start_tls(command);
        case Verb::auth:
            return auth(command);
        case Verb::mail:
            return mail(command);
        case Verb::rcpt:
            return rcpt(command);
        case Verb::data:
            return data(command);
        case Verb::bdat:
            return bdat(command);
        case Verb::quit:
            return quit();
        case Verb::rset:
            forget_transaction();
            answer(Stage::rset, 250, "2.0.0", "forgotten");
            return;
        case Verb::noop:
            answer(Stage::noop, 250, "2.0.0", "done nothing");
            return;
        case Verb::vrfy:
            answer(Stage::vrfy, 252, "2.5.2", "send some mail and see");
            return;
        case Verb::help:
            return say(214, "2.0.0", "see tern-sink(8)");
        case Verb::expn:
            return refuse(502, "5.5.1", "there are no lists here");
        case Verb::unknown:
            blame(Violation::syntax, "a command that is none");
            return refuse(500, "5.5.2", "that is not a command");
    }
}

void Conversation::blame(Violation kind, std::string_view detail, std::uint64_t times) {
    if (!garbled_) journal_.violation(kind, times, number_, peer_.client, detail);
}

// RFC 2034 4: enhanced codes are in replies 2xx, 4xx and 5xx, not in those to EHLO and HELO.
void Conversation::say(unsigned code, std::string_view enhanced, std::string_view text) {
    const bool is_enhanced =
        !enhanced.empty() && session_.extended && offers_now(Extension::enhanced_status_codes);
    const std::string number = std::to_string(code);
    last_reply_ = number + ' ';
    if (is_enhanced) last_reply_ += std::string(enhanced) + ' ';
    last_reply_ += text;
    for (bool more = true; more;) {
        const std::size_t end = text.find('\n');
        more = end != std::string_view::npos;
        output_ += number;
        output_ += more ? '-' : ' ';
        if (is_enhanced) {
            output_ += enhanced;
            output_ += ' ';
        }
        output_ += text.substr(0, end);
        output_ += "\r\n";
        if (more) text.remove_prefix(end + 1);
    }
    said_something_ = true;
    paused_ = settings_.delay.count() != 0;
}

// Gives the code that was said in the end, 0 for hanging up.
unsigned Conversation::answer(Stage stage, unsigned code, std::string_view enhanced,
                              std::string_view text) {
    const ScriptedReply* script = script_.next(stage);
    if (script == nullptr) {
        say(code, enhanced, text);
        return code;
    }
    if (script->kind == ScriptedReply::Kind::hang_up) {
        last_reply_.clear();
        wish_ = Wish::close;
        return 0;
    }
    say(script->code, "", script->text);
    // RFC 5321 3.8: with 421 the server closes the channel.
    if (script->code == 421) wish_ = Wish::close;
    return script->code;
}

void Conversation::refuse(unsigned code, std::string_view enhanced, std::string_view text) {
    say(code, enhanced, text);
    if (++refusals_ <= most_refusals) return;
    say(421, "4.7.0", "too much of this");
    wish_ = Wish::close;
}

bool Conversation::offers_now(Extension which) const {
    if (!settings_.offered.has(which)) return false;
    if (which == Extension::starttls) return !session_.tls;
    if (which == Extension::auth) return session_.tls.has_value() || settings_.auth_in_clear;
    return session_.extended;
}

std::string Conversation::offers(std::string_view client) const {
    std::string text = settings_.name + " at your service, " + std::string(client);
    for (std::size_t i = 0; i < extension_kinds; ++i) {
        const auto which = static_cast<Extension>(i);
        if (!offers_now(which)) continue;
        text += '\n';
        text += extension_names[i];
        if (which == Extension::size) text += ' ' + std::to_string(settings_.largest_message);
        if (which == Extension::auth)
            for (const Mechanism mechanism : settings_.mechanisms) {
                if (!can_bind(mechanism)) continue;
                text += ' ';
                text += mechanism_names[static_cast<std::size_t>(mechanism)];
            }
        if (which == Extension::limits) {
            const Limits& limits = settings_.limits;
            if (limits.messages) text += " MAILMAX=" + std::to_string(*limits.messages);
            if (limits.recipients) text += " RCPTMAX=" + std::to_string(*limits.recipients);
            if (limits.domains) text += " RCPTDOMAINMAX=" + std::to_string(*limits.domains);
        }
    }
    return text;
}

void Conversation::hello(const Command& command) {
    const bool extended = command.verb == Verb::ehlo;
    std::string_view rest = command.argument;
    const std::string_view name = take_word(rest);
    if (name.empty() || !rest.empty()) {
        blame(Violation::syntax, "EHLO or HELO without exactly one name");
        return refuse(501, "5.5.4", "say EHLO and your name");
    }
    for (const char c : name)
        if (is_control(c)) {
            blame(Violation::syntax, "a control character in the name after EHLO");
            return refuse(501, "5.5.4", "that is not a name");
        }
    const bool was_extended = std::exchange(session_.extended, extended);
    const unsigned code = extended
                              ? answer(Stage::ehlo, 250, "", offers(name))
                              : answer(Stage::helo, 250, "", settings_.name + " at your service");
    if (code / 100 == 2) {
        // RFC 5321 4.1.4: EHLO in a transaction acts as RSET.
        forget_transaction();
        session_.hello = name;
    } else {
        session_.extended = was_extended;
    }
}

void Conversation::start_tls(const Command& command) {
    if (!command.argument.empty()) {
        blame(Violation::syntax, "STARTTLS takes no argument");
        return refuse(501, "5.5.4", "STARTTLS takes no argument");
    }
    if (session_.tls) {
        blame(Violation::out_of_order, "STARTTLS within TLS");
        return refuse(503, "5.5.1", "TLS is on already");
    }
    if (!offers_now(Extension::starttls)) {
        blame(Violation::out_of_order, "STARTTLS where it was not offered");
        return refuse(502, "5.5.1", "there is no TLS here");
    }
    const unsigned code = answer(Stage::starttls, 220, "2.0.0", "go ahead");
    if (code / 100 != 2) return;
    wish_ = Wish::tls;
    forget_transaction();
}

void Conversation::quit() {
    said_quit_ = true;
    answer(Stage::quit, 221, "2.0.0", "good bye");
    wish_ = Wish::close;
}

}  // namespace tern::sink

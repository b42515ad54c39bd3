// The receiver's side of one SMTP session (RFC 5321): bytes in, replies out. It owns no socket and
// no clock: the connection brings bytes, carries replies, waits and does TLS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sink/auth.hpp"
#include "sink/body_scanner.hpp"
#include "sink/body_store.hpp"
#include "sink/command.hpp"
#include "sink/dialogue.hpp"
#include "sink/journal.hpp"
#include "sink/script.hpp"
#include "sink/settings.hpp"
#include "sink/tls_facts.hpp"
#include "sink/transaction.hpp"

namespace tern::sink {

class Conversation final : public Dialogue {
public:
    /// Settings and journal must outlive the conversation.
    Conversation(const Settings& settings, Journal& journal, PeerNames peer, bool implicit_tls);

    void greet() override;
    void input_arrived() override;
    std::size_t take(std::string_view input) override;
    void resume(bool input_came) override;
    void tls_began(const TlsFacts& facts) override;
    void clear_instead_of_tls() override;
    void ended(bool by_idle_limit) override;

    Wish wish() const override { return paused_ ? Wish::pause : wish_; }
    std::string& output() override { return output_; }

private:
    enum class Mode { command, auth, text, chunk };

    // conversation.cpp: lines, replies, the session
    std::size_t take_line(std::string_view input);
    void handle_line(std::string_view line);
    void handle_command(std::string_view line);
    void dispatch(const Command& command);
    void check_group(const Command& command);
    void say(unsigned code, std::string_view enhanced, std::string_view text);
    unsigned answer(Stage stage, unsigned code, std::string_view enhanced, std::string_view text);
    void refuse(unsigned code, std::string_view enhanced, std::string_view text);
    void blame(Violation kind, std::string_view detail, std::uint64_t times = 1);
    void hello(const Command& command);
    std::string offers(std::string_view client) const;
    bool offers_now(Extension which) const;
    void start_tls(const Command& command);
    void quit();

    // conversation_auth.cpp
    void auth(const Command& command);
    void auth_line(std::string_view line);
    void auth_step(AuthExchange::State state);
    bool can_bind(Mechanism mechanism) const;
    bool offers_binding() const;

    // conversation_mail.cpp: transactions
    void mail(const Command& command);
    bool parameters_fit(const PathArgument& path);
    void rcpt(const Command& command);
    bool recipient_fits(const PathArgument& path);
    void data(const Command& command);
    void bdat(const Command& command);
    std::size_t take_text(std::string_view input);
    std::size_t take_chunk(std::string_view input);
    void chunk_ended();
    void begin_text(BodyScanner::Form form);
    void scan(std::string_view block, std::size_t& taken);
    void message_ended();
    void forget_transaction();
    void blame_text(const BodyFacts& facts, const StoredBody& stored);
    void record(const BodyFacts& facts, const StoredBody& stored, bool accepted);

    const Settings& settings_;
    Journal& journal_;
    PeerNames peer_;
    Script script_;
    std::uint64_t number_;
    Mode mode_ = Mode::command;
    Wish wish_ = Wish::input;
    bool paused_ = false;
    std::string output_;
    std::string line_;           // of a line that is not complete yet
    std::uint64_t dropped_ = 0;  // bytes of a line too long to keep
    bool more_follows_ = false;  // bytes follow the current line
    Verb last_verb_ = Verb::unknown;
    bool greeting_due_ = true;
    bool said_something_ = false;
    bool garbled_ = false;  // the client has lost its place; it is blamed no more
    bool said_quit_ = false;
    unsigned refusals_ = 0;
    std::string last_reply_;
    SessionFacts session_;
    std::optional<AuthExchange> auth_;
    std::optional<Transaction> transaction_;
    bool mail_was_tried_ = false;  // since the last message, RSET or EHLO
    bool rcpt_was_tried_ = false;
    std::optional<BodyScanner> scanner_;
    std::optional<BodyStore> store_;
    bool too_large_ = false;
    std::uint64_t chunk_left_ = 0;
    bool chunk_is_last_ = false;
    const ScriptedReply* chunk_reply_ = nullptr;
    bool chunk_is_unwanted_ = false;
};

}  // namespace tern::sink

// The receiver's side of one QMTP session (D. J. Bernstein, Quick Mail Transfer Protocol, 1997):
// packages in, answers out. It owns no socket, and shares no line with the sender.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sink/body_scanner.hpp"
#include "sink/body_store.hpp"
#include "sink/dialogue.hpp"
#include "sink/journal.hpp"
#include "sink/script.hpp"
#include "sink/settings.hpp"
#include "sink/transaction.hpp"

namespace tern::sink {

class QmtpConversation final : public Dialogue {
public:
    /// Settings and journal must outlive the conversation. Of the scripted replies those of
    /// Stage::rcpt and Stage::message count: 2xx is K, 4xx is Z, else D.
    QmtpConversation(const Settings& settings, Journal& journal, PeerNames peer);

    void input_arrived() override;
    std::size_t take(std::string_view input) override;
    void resume(bool input_came) override;
    void ended(bool by_idle_limit) override;

    Wish wish() const override { return paused_ ? Wish::pause : wish_; }
    std::string& output() override { return output_; }

private:
    /// What the next byte is part of, in the order of a package.
    enum class Part {
        message_length,
        line_ends,  ///< the byte that announces how lines end
        text,
        message_comma,
        sender_length,
        sender,
        sender_comma,
        series_length,
        recipient_length,
        recipient,
        recipient_comma,
        series_comma
    };
    /// The answer about one recipient.
    struct Answer {
        bool taken = false;  ///< as far as it depends on him alone
        bool hang_up = false;
        std::string words;  ///< where he is not taken
    };

    void take_mark(char c);
    void take_length(char c);
    void length_ended();
    void begin_text(char line_end);
    std::size_t take_text(std::string_view input);
    void scan(std::string_view piece);
    std::size_t take_address(std::string_view input);
    void sender_ended();
    void recipient_ended();
    Answer judge_recipient();
    void package_ended();
    Answer judge_message(const StoredBody& stored);
    void answer(const Answer& message);
    void blame_text(const BodyFacts& facts, const StoredBody& stored);
    void blame(Violation kind, std::string_view detail, std::uint64_t times = 1);
    void give_up(std::string_view why);

    const Settings& settings_;
    Journal& journal_;
    SessionFacts session_;
    Script script_;
    Wish wish_ = Wish::input;
    bool paused_ = false;
    bool said_something_ = false;
    bool begun_ = false;    // a package, not yet complete
    bool garbled_ = false;  // where its parts begin is unknown
    std::string output_;

    Part part_ = Part::message_length;
    std::uint64_t length_ = 0;  // of the netstring in hand; then what of it is still to come
    unsigned digits_ = 0;
    std::uint64_t series_left_ = 0;  // bytes of the recipients' netstring
    bool lines_end_with_lf_ = false;
    std::string converted_;
    std::string address_;
    bool address_is_too_long_ = false;
    bool sender_is_bad_ = false;
    Transaction transaction_;
    std::vector<Answer> answers_;
    std::optional<BodyScanner> scanner_;
    std::optional<BodyStore> store_;
    bool too_large_ = false;
};

}  // namespace tern::sink

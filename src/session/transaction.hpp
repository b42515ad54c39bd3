// One transaction: MAIL, RCPT, and the message by DATA or BDAT, in as few round trips as the
// server's extensions allow. What a refusal means for the mail is said by delivery/verdict.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "session/chat.hpp"
#include "base/message_source.hpp"
#include "session/progress.hpp"
#include "smtp/address.hpp"
#include "smtp/extensions.hpp"

namespace tern::session {

/// What goes on the wire as envelope.
struct Envelope {
    smtp::Path sender;
    std::vector<smtp::Path> recipients;
};

/// What the server has done so far, in earlier transactions too.
struct ServerHistory {
    bool took_bdat = false;       ///< it answered a BDAT with 2xx in this session
    bool took_recipient = false;  ///< it answered a RCPT with 2xx, perhaps in an earlier session
};

class BodyBuffers;

class Transaction {
public:
    /// What may be written before the first reply.
    enum class Flight {
        whole,     ///< a small message as well, where PIPELINING and CHUNKING let it
        commands,  ///< nothing of the message
    };

    /// All arguments must outlive it. `history` goes on here.
    Transaction(Chat& chat, const smtp::Extensions& extensions, const Envelope& envelope,
                MessageSource& message, Progress& progress, std::size_t chunk_size, Flight flight,
                ServerHistory& history);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    /// Success is a 2xx to the end of data. Fails with rejected, all_refused, needs_smtputf8,
    /// too_large, no_chunking, protocol_error, timed_out, closed, tls, message_source,
    /// partial_line. protocol_error at Stage::final_dot is also for a server that refuses MAIL and
    /// then takes the message.
    Task<Done> run();

private:
    /// A reply that is owed.
    struct Owed {
        explicit Owed(Stage to, std::size_t index = 0) : stage(to), recipient(index) {}
        Stage stage;
        std::size_t recipient;
    };

    Task<Done> announce();
    Task<Done> announce_recipients();
    Task<Done> choose_framing();
    Task<Done> ask_for_data();
    [[nodiscard]] bool fits_the_group(std::string_view command) const;
    void add(std::string_view command, Owed owed);
    Task<Done> exchange();
    Task<Done> expect_acceptance();
    Task<Done> expect_no_surplus();
    Task<Done> fill();
    Task<Done> send_data();
    Task<Done> send_chunks();
    Task<std::size_t> take_chunk_replies(std::size_t owed);
    Task<Done> take_chunk_reply();
    Task<Done> read_ahead();
    Task<std::string_view> next_block();
    Result<Done> take(const Owed& owed, smtp::Reply reply);
    Result<Done> take_go_ahead(smtp::Reply reply);
    Result<Done> settle(smtp::Reply reply);
    Failure protocol_error(Stage stage, const smtp::Reply& reply);
    Failure lost_reply(Stage awaited, Failure why);
    Result<Done> take_recipient(std::size_t index, smtp::Reply reply);
    Result<Done> take_end_of_data(smtp::Reply reply);
    void note_unsaid();
    [[nodiscard]] Failure all_refused() const;
    [[nodiscard]] bool sendable(const smtp::Path& path) const;
    [[nodiscard]] bool any_accepted() const { return accepted_ > 0; }
    [[nodiscard]] bool may_fly_whole() const;
    [[nodiscard]] std::string mail_command() const;

    Chat& chat_;
    const smtp::Extensions& extensions_;
    const Envelope& envelope_;
    MessageSource& message_;
    Progress& progress_;
    const std::size_t chunk_size_;
    const Flight flight_;
    ServerHistory& history_;
    bool by_chunks_;
    const std::unique_ptr<BodyBuffers> buffers_;
    std::string group_;
    std::vector<Owed> owed_;
    std::optional<Failure> refusal_;  // of MAIL: the rest of its group is read and counts no more
    std::optional<std::string_view> first_block_;  // read before MAIL; only until the next is
    bool first_block_is_unused_ = false;
    bool ended_ = false;  // the block read last is the message's end
    bool whole_message_sent_ = false;
    bool data_was_said_ = false;
    std::size_t accepted_ = 0;        // recipients
    bool full_ = false;               // the server takes no more of them
    std::size_t first_unsaid_ = ~std::size_t{0};  // of them, because it is full
};

}  // namespace tern::session

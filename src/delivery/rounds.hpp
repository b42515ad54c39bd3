// Who of an envelope goes into which transaction where a server takes only so many at a time, and
// what came of each. Bookkeeping only.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "delivery/report.hpp"
#include "session/progress.hpp"
#include "session/transaction.hpp"
#include "smtp/extensions.hpp"

namespace tern::delivery {

class Rounds {
public:
    /// `whole` must outlive it.
    explicit Rounds(const session::Envelope& whole);

    /// A connection begins: what counts per session is 0 (MAILMAX, RFC 9422 4.1; RCPTDOMAINMAX,
    /// RFC 9422 4.3).
    void begin_session();
    /// A connection to another server begins: it may take whom the ones before could not.
    void begin_server();
    /// All who wait leave this server's transactions, and wait for another server. Where none takes
    /// them give_up_all() reports `otherwise`, if there is one.
    void leave_to_others(const std::optional<RecipientReport>& otherwise = std::nullopt);
    [[nodiscard]] bool anyone_for_others() const;
    /// The envelope of the next transaction: those who wait, in their order, as many as `limits`
    /// and what was learnt allow. Nothing when this session may carry no more of them. Valid until
    /// the next call; who is in it goes on waiting unless take() follows.
    const session::Envelope* next(const smtp::Limits& limits);
    /// Whether the envelope given last is the first of its session.
    [[nodiscard]] bool is_first_of_session() const { return transactions_ == 1; }
    /// Notes how that transaction ended: `fate` is for those whose RCPT was accepted, or had no
    /// reply. Who was not taken because the transaction was full (RecipientAnswer::waits) goes on
    /// waiting, where the message can be sent again. It calls learn().
    void take(const session::Progress& progress, const Peer& peer, const RecipientReport& fate,
              bool message_repeats);
    /// Notes how many recipients a server takes in one transaction, where `progress` says so: from
    /// now on no transaction has more (contract.md#recipients: for the rest of the delivery).
    void learn(const session::Progress& progress);
    /// What the replies so far say of each recipient of the transaction under way; it stays under
    /// way. The reports of a single transaction (contract.md#reports): `r` whatever came of the
    /// message.
    [[nodiscard]] std::vector<std::optional<RecipientReport>> replies(
        const session::Progress& progress, const Peer& peer) const;
    /// Gives all who wait for this server the same answer.
    void give_up(const RecipientReport& fate);
    /// The same for those who wait for another server, as well, but for whom leave_to_others() was
    /// given an answer.
    void give_up_all(const RecipientReport& fate);

    [[nodiscard]] std::size_t how_many_wait() const;
    [[nodiscard]] bool anyone_waits() const { return how_many_wait() > 0; }
    /// Whether anyone would wait if the transaction under way ended with `progress`.
    [[nodiscard]] bool leaves_anyone(const session::Progress& progress, bool message_repeats) const;
    /// One for each recipient of the envelope; nothing for who waits.
    [[nodiscard]] const std::vector<std::optional<RecipientReport>>& letters() const {
        return letters_;
    }

private:
    [[nodiscard]] bool counts_as_new(std::string_view domain) const;
    [[nodiscard]] bool leaves_for_others(const session::Progress& progress) const;

    const session::Envelope* whole_;
    session::Envelope part_;
    std::vector<std::size_t> members_;  // of the transaction under way: their places in the whole
    std::vector<std::optional<RecipientReport>> letters_;
    std::vector<std::optional<RecipientReport>> otherwise_;  // see leave_to_others()
    std::vector<bool> for_others_;  // by recipient: this server lacks what its address needs
    std::vector<std::string_view> domains_;  // said in this session
    std::size_t transactions_ = 0;           // in this session
    std::size_t learnt_ = ~std::size_t{0};   // recipients that a transaction may have
};

/// Of a recipient that `peer` cannot take, while some other server might.
[[nodiscard]] RecipientReport not_judged_by_all(const session::RecipientAnswer& answer,
                                                const Peer& peer);

}  // namespace tern::delivery

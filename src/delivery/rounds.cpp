// Splits envelopes; see rounds.hpp.
#include "delivery/rounds.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace tern::delivery {
namespace {

// It was not said, for want of SMTPUTF8.
bool needs_another_server(const session::RecipientAnswer& answer) {
    return !answer.reply && !answer.waits;
}

// Who waits for a transaction that this delivery cannot give is deferred, also where the server
// said 5xx: the recipient itself was not refused.
RecipientReport report_of(const session::RecipientAnswer& answer, const Peer& peer) {
    if (needs_another_server(answer)) return not_judged_by_all(answer, peer);
    if (!answer.waits || (answer.reply && answer.reply->transient()))
        return recipient_report(answer, peer);
    std::string words = concat(peer.endpoint.address.to_string(),
                               " accepted other recipients but not this one: it limits the "
                               "recipients of a transaction, and no further one is possible now. "
                               "(#4.5.3)\n");
    if (answer.reply) words += concat("Remote host said: ", answer.reply->text);
    return {'s', std::move(words)};
}

}  // namespace

RecipientReport not_judged_by_all(const session::RecipientAnswer& answer, const Peer& peer) {
    RecipientReport report = recipient_report(answer, peer);
    report.letter = 's';
    report.text += "Not every other server could be asked. (#4.6.7)\n";
    return report;
}

Rounds::Rounds(const session::Envelope& whole)
    : whole_(&whole),
      letters_(whole.recipients.size()),
      otherwise_(whole.recipients.size()),
      for_others_(whole.recipients.size()) {}

void Rounds::begin_session() {
    domains_.clear();
    transactions_ = 0;
}

void Rounds::begin_server() {
    begin_session();
    for_others_.assign(for_others_.size(), false);
}

void Rounds::leave_to_others(const std::optional<RecipientReport>& otherwise) {
    for (std::size_t i = 0; i < letters_.size(); ++i) {
        if (letters_[i] || for_others_[i]) continue;
        for_others_[i] = true;
        if (otherwise) otherwise_[i] = otherwise;
    }
    members_.clear();
}

bool Rounds::anyone_for_others() const {
    for (std::size_t i = 0; i < letters_.size(); ++i)
        if (!letters_[i] && for_others_[i]) return true;
    return false;
}

const session::Envelope* Rounds::next(const smtp::Limits& limits) {
    members_.clear();
    std::size_t most = learnt_;
    if (limits.recipients != 0) most = std::min<std::size_t>(most, limits.recipients);
    if (limits.transactions != 0 && transactions_ >= limits.transactions) return nullptr;
    for (std::size_t i = 0; i < letters_.size(); ++i) {
        if (letters_[i] || for_others_[i]) continue;
        if (members_.size() == most) break;
        const std::string_view domain = whole_->recipients[i].domain;
        if (limits.domains != 0 && counts_as_new(domain)) {
            if (domains_.size() == limits.domains) continue;
            domains_.push_back(domain);
        }
        members_.push_back(i);
    }
    if (members_.empty()) return nullptr;
    ++transactions_;
    if (members_.size() == letters_.size()) return whole_;
    part_.sender = whole_->sender;
    part_.recipients.clear();
    for (const std::size_t i : members_) part_.recipients.push_back(whole_->recipients[i]);
    return &part_;
}

bool Rounds::counts_as_new(std::string_view domain) const {
    return std::ranges::none_of(domains_, [domain](std::string_view known) {
        return equal_ignoring_case(known, domain);
    });
}

std::vector<std::optional<RecipientReport>> Rounds::replies(const session::Progress& progress,
                                                            const Peer& peer) const {
    std::vector<std::optional<RecipientReport>> known = letters_;
    const bool others_were_said = leaves_for_others(progress);
    for (std::size_t i = 0; i < std::min(members_.size(), progress.recipients.size()); ++i) {
        const session::RecipientAnswer& answer = progress.recipients[i];
        // Of one that was not said any more nothing is known, unless the others were served.
        if (answer.waits && !answer.reply && !progress.accepted) continue;
        // Where no recipient was named the other servers judge the whole message, or none does.
        known[members_[i]] = needs_another_server(answer) && !others_were_said
                                 ? recipient_report(answer, peer)
                                 : report_of(answer, peer);
    }
    return known;
}

// Some could be said to this server, others not, for want of SMTPUTF8.
bool Rounds::leaves_for_others(const session::Progress& progress) const {
    const auto said = [](const session::RecipientAnswer& answer) { return bool(answer.reply); };
    return std::ranges::any_of(progress.recipients, said) &&
           std::ranges::any_of(progress.recipients, needs_another_server);
}

bool Rounds::leaves_anyone(const session::Progress& progress, bool message_repeats) const {
    return how_many_wait() > members_.size() ||
           (message_repeats &&
            (std::ranges::any_of(progress.recipients, &session::RecipientAnswer::waits) ||
             leaves_for_others(progress)));
}

void Rounds::learn(const session::Progress& progress) {
    learnt_ = std::min(learnt_, progress.most_recipients().value_or(learnt_));
}

void Rounds::take(const session::Progress& progress, const Peer& peer, const RecipientReport& fate,
                  bool message_repeats) {
    learn(progress);
    for (std::size_t i = 0; i < members_.size(); ++i) {
        const session::RecipientAnswer* const answer =
            i < progress.recipients.size() ? &progress.recipients[i] : nullptr;
        if (answer != nullptr && answer->waits && message_repeats) continue;
        if (answer != nullptr && needs_another_server(*answer) && message_repeats) {
            for_others_[members_[i]] = true;
            continue;
        }
        const bool refused = answer != nullptr && !answer->accepted();
        letters_[members_[i]] = refused ? report_of(*answer, peer) : fate;
    }
    members_.clear();
}

void Rounds::give_up(const RecipientReport& fate) {
    for (std::size_t i = 0; i < letters_.size(); ++i)
        if (!letters_[i] && !for_others_[i]) letters_[i] = fate;
}

void Rounds::give_up_all(const RecipientReport& fate) {
    for (std::size_t i = 0; i < letters_.size(); ++i)
        if (!letters_[i]) letters_[i] = otherwise_[i] ? otherwise_[i] : fate;
}

std::size_t Rounds::how_many_wait() const {
    std::size_t waiting = 0;
    for (std::size_t i = 0; i < letters_.size(); ++i)
        if (!letters_[i] && !for_others_[i]) ++waiting;
    return waiting;
}

}  // namespace tern::delivery

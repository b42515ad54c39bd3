// Splits envelopes; see rounds.hpp.
#include "delivery/rounds.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace tern::delivery {
namespace {

constexpr int too_many_recipients = 452;  // RFC 5321 4.5.3.1.10

}  // namespace

Rounds::Rounds(const session::Envelope& whole)
    : whole_(&whole),
      letters_(whole.recipients.size()),
      for_others_(whole.recipients.size()) {}

void Rounds::begin_session() {
    domains_.clear();
    transactions_ = 0;
}

void Rounds::begin_server() {
    begin_session();
    for_others_.assign(for_others_.size(), false);
}

void Rounds::leave_to_others() {
    for (std::size_t i = 0; i < letters_.size(); ++i)
        if (!letters_[i]) for_others_[i] = true;
    members_.clear();
}

bool Rounds::anyone_for_others() const {
    for (std::size_t i = 0; i < letters_.size(); ++i)
        if (!letters_[i] && for_others_[i]) return true;
    return false;
}

const session::Envelope* Rounds::next(const smtp::Limits& limits) {
    members_.clear();
    if (limits.transactions != 0 && transactions_ >= limits.transactions) return nullptr;
    for (std::size_t i = 0; i < letters_.size(); ++i) {
        if (letters_[i] || for_others_[i]) continue;
        if (limits.recipients != 0 && members_.size() == limits.recipients) break;
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

// Places in `members_` of those told to come again in another transaction.
std::vector<std::size_t> Rounds::postponed(const session::Progress& progress) const {
    std::vector<std::size_t> places;
    bool anyone_accepted = false;
    for (std::size_t i = 0; i < progress.recipients.size(); ++i) {
        const session::RecipientAnswer& answer = progress.recipients[i];
        if (answer.accepted()) anyone_accepted = true;
        else if (anyone_accepted && answer.reply && answer.reply->code == too_many_recipients)
            places.push_back(i);
    }
    return places;
}

std::vector<std::optional<RecipientReport>> Rounds::replies(const session::Progress& progress,
                                                            const Peer& peer) const {
    std::vector<std::optional<RecipientReport>> known = letters_;
    for (std::size_t i = 0; i < std::min(members_.size(), progress.recipients.size()); ++i)
        known[members_[i]] = recipient_report(progress.recipients[i], peer);
    return known;
}

// Some could be said to this server, others not, for want of SMTPUTF8.
bool Rounds::leaves_for_others(const session::Progress& progress) const {
    const auto said = [](const session::RecipientAnswer& answer) { return bool(answer.reply); };
    return std::ranges::any_of(progress.recipients, said) &&
           !std::ranges::all_of(progress.recipients, said);
}

bool Rounds::leaves_anyone(const session::Progress& progress, bool message_repeats) const {
    return how_many_wait() > members_.size() ||
           (message_repeats && (!postponed(progress).empty() || leaves_for_others(progress)));
}

void Rounds::take(const session::Progress& progress, const Peer& peer, const RecipientReport& fate,
                  bool message_repeats) {
    for (std::size_t i = 0; i < members_.size(); ++i) {
        if (message_repeats && i < progress.recipients.size() && !progress.recipients[i].reply) {
            for_others_[members_[i]] = true;
            continue;
        }
        const bool refused =
            i < progress.recipients.size() && !progress.recipients[i].accepted();
        letters_[members_[i]] = refused ? recipient_report(progress.recipients[i], peer) : fate;
    }
    if (message_repeats)
        for (const std::size_t place : postponed(progress)) letters_[members_[place]].reset();
    members_.clear();
}

void Rounds::give_up(const RecipientReport& fate) {
    for (std::size_t i = 0; i < letters_.size(); ++i)
        if (!letters_[i] && !for_others_[i]) letters_[i] = fate;
}

void Rounds::give_up_all(const RecipientReport& fate) {
    for (std::optional<RecipientReport>& letter : letters_)
        if (!letter) letter = fate;
}

std::size_t Rounds::how_many_wait() const {
    std::size_t waiting = 0;
    for (std::size_t i = 0; i < letters_.size(); ++i)
        if (!letters_[i] && !for_others_[i]) ++waiting;
    return waiting;
}

}  // namespace tern::delivery

// What the laws look at: recipients and transactions, as the wire and the report show them.
#pragma once

#include <algorithm>
#include <string>

#include "base/ip.hpp"
#include "delivery/report.hpp"
#include "support/dialogue.hpp"
#include "support/report_words.hpp"
#include "support/server_record.hpp"

namespace tern::test {

using delivery::RecipientReport;

/// A recipient whose address can be said.
struct Person {
    std::string address;            ///< as it is said
    const RecipientReport* report;  ///< null where the report ends before it

    [[nodiscard]] bool has_letter(char letter) const {
        return report != nullptr && report->letter == letter;
    }
    [[nodiscard]] bool may_be_duplicate() const {
        return report != nullptr && says_possible_duplicate(report->text);
    }
};

/// One transaction: what the client wrote, and what the server made of it.
struct Transaction {
    std::size_t dial;
    Endpoint endpoint;
    bool broke_protocol;
    Spoken spoken;
    Served served;  ///< of one that never heard of it: nothing
    bool is_void = false;
    bool behind_others = false;  ///< its server took a recipient in an earlier one
    bool lost_track = false;  ///< its server no longer knows what it answers

    /// The end of data was written to a server that knows its commands.
    [[nodiscard]] bool was_written() const { return spoken.ended && !is_void; }
    /// MAIL was refused and all the rest as well, or nothing was answered after a 421 to MAIL.
    [[nodiscard]] bool was_refused_whole() const {
        constexpr int closing = 421;
        const bool end = served.end / 100 > 3 || (served.mail == closing && served.end == 0);
        return served.mail / 100 > 3 && end && !served.anyone_accepted();
    }
    /// And the server may have taken it.
    [[nodiscard]] bool counts() const { return was_written() && !was_refused_whole(); }
    [[nodiscard]] int code_of(std::size_t recipient) const {
        return recipient < served.recipients.size() ? served.recipients[recipient].code : 0;
    }
    [[nodiscard]] bool told(const std::string& address) const {
        return std::ranges::count(spoken.recipients, address) > 0;
    }
    /// Refused because it was full, after an accepted recipient: not in this transaction. Some
    /// servers count over transactions.
    [[nodiscard]] bool postponed(std::size_t recipient) const {
        if (recipient >= served.recipients.size() || !served.recipients[recipient].full)
            return false;
        if (behind_others) return true;
        for (std::size_t i = 0; i < recipient; ++i)
            if (code_of(i) / 100 == 2) return true;
        return false;
    }
    /// The message was written for it, or it was refused: not where MAIL came to nothing.
    [[nodiscard]] bool settles(std::size_t recipient) const {
        const bool refused = served.data != 0 || code_of(recipient) / 100 > 3;
        return !postponed(recipient) && (spoken.ended || (served.mail / 100 == 2 && refused));
    }
    /// How often `address` was said and not refused, as far as its server knows.
    [[nodiscard]] long offered(const std::string& address) const {
        long times = 0;
        for (std::size_t i = 0; i < spoken.recipients.size(); ++i)
            if (spoken.recipients[i] == address && (code_of(i) == 0 || code_of(i) / 100 == 2))
                ++times;
        return times;
    }
    /// How often `address` got the message.
    [[nodiscard]] long delivered(const std::string& address) const {
        if (!served.accepted()) return 0;
        return std::ranges::count_if(served.recipients, [&](const Served::Recipient& each) {
            return each.address == address && each.code / 100 == 2;
        });
    }
};

}  // namespace tern::test

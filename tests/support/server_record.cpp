// Pairs commands with replies; see server_record.hpp.
#include "support/server_record.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace tern::test {
namespace {

std::string path_in(std::string_view line) {
    const std::size_t begin = line.find('<');
    const std::size_t end = line.rfind('>');
    if (begin == line.npos || end == line.npos || end < begin) return "";
    return std::string(line.substr(begin + 1, end - begin - 1));
}

// contract.md#recipients; X.2.Z speaks of the mailbox (RFC 3463 3.3).
bool means_full(int code, const std::string& words) {
    const std::string status = words.substr(0, words.find_first_of(" \r"));
    if (status == "4.5.3" || status == "5.5.3") return true;
    const std::string subject = status.substr(0, 4);
    return (code == 452 || code == 552) && subject != "4.2." && subject != "5.2.";
}

}  // namespace

void ServerRecord::heard(std::string_view line) {
    if (lost_track_) return;
    const std::string_view verb = line.substr(0, line.find(' '));
    if (in_auth_ || verb == "AUTH") {
        in_auth_ = true;
        return owe(What::auth);
    }
    if (verb == "MAIL") transactions.emplace_back();
    if (transactions.empty()) return owe(What::other);
    if (verb == "RCPT") transactions.back().recipients.push_back({path_in(line), 0});
    if (verb == "BDAT" && line.ends_with(" LAST")) transactions.back().ended = true;
    owe(verb == "MAIL"   ? What::mail
        : verb == "RCPT" ? What::recipient
        : verb == "DATA" ? What::data
        : verb != "BDAT" ? What::other
        : transactions.back().ended ? What::last_chunk
                                    : What::chunk);
}

void ServerRecord::heard_end_of_data() {
    if (lost_track_ || transactions.empty()) return;
    transactions.back().ended = true;
    owe(What::end_of_data);
}

void ServerRecord::owe(What what) {
    const std::size_t last = transactions.empty() ? 0 : transactions.size() - 1;
    const std::size_t recipients = transactions.empty() ? 0 : transactions.back().recipients.size();
    owed_.push_back(Owed{what, last, recipients == 0 ? 0 : recipients - 1});
}

void ServerRecord::said(std::string_view bytes) {
    unfinished_ += bytes;
    for (std::size_t end = 0; (end = unfinished_.find('\n')) != std::string::npos;) {
        const std::string line = unfinished_.substr(0, end);
        unfinished_.erase(0, end + 1);
        const bool has_code = line.size() >= 3 && std::all_of(line.begin(), line.begin() + 3,
                                                              is_digit);
        if (has_code && (line.size() == 3 || line[3] != '-'))
            answered(line);
    }
}

void ServerRecord::answered(const std::string& line) {
    if (lost_track_ || owed_.empty()) return;
    const int code = static_cast<int>(*leading_number(line.substr(0, 3), 999));
    const Owed owed = owed_.front();
    owed_.pop_front();
    answered(owed, code);
    if (owed.what == What::recipient)
        transactions[owed.transaction].recipients[owed.recipient].full =
            code / 100 > 3 && means_full(code, line.substr(std::min<std::size_t>(line.size(), 4)));
}

bool ServerRecord::took_a_chunk() const {
    return std::ranges::any_of(transactions, &Served::took_a_chunk);
}

void ServerRecord::answered(const Owed& owed, int code) {
    if (owed.what == What::auth) {
        constexpr int go_on = 334;
        if (code != go_on) in_auth_ = false;
        if (code / 100 == 2) authenticated = true;
    }
    if (transactions.empty()) return;
    Served& served = transactions[owed.transaction];
    switch (owed.what) {
        case What::mail: served.mail = code; break;
        case What::recipient: served.recipients[owed.recipient].code = code; break;
        case What::data: served.data = code; break;
        case What::chunk:
            if (code / 100 != 2 && served.end == 0) served.end = code;
            break;
        case What::last_chunk:
        case What::end_of_data:
            if (served.end == 0) served.end = code;
            break;
        default: break;
    }
    const bool chunk = owed.what == What::chunk || owed.what == What::last_chunk;
    if (chunk && code / 100 == 2) served.took_a_chunk = true;
    if (chunk && !took_a_chunk() && (code == 500 || code == 502))
        served.knows_no_chunks = true;
}

}  // namespace tern::test

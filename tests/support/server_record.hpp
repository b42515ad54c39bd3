// What one server came to know on one connection, from what it heard and what it said. The laws are
// judged by it; it must not know what the client made of the replies.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace tern::test {

/// A transaction as its server saw it. A code is the one it said; 0 where it said none.
struct Served {
    struct Recipient {
        std::string address;  ///< what stood between < and >
        int code = 0;
        bool full = false;  ///< refused because the transaction has enough recipients
    };
    int mail = 0;
    std::vector<Recipient> recipients;
    int data = 0;
    bool ended = false;  ///< the end of data was heard
    int end = 0;         ///< the reply to the end of data, or to a chunk that was refused
    bool took_a_chunk = false;
    /// The first BDAT was answered as a command it does not know: nothing was taken.
    bool knows_no_chunks = false;

    [[nodiscard]] bool accepted() const { return ended && end / 100 == 2; }
    [[nodiscard]] bool anyone_accepted() const {
        return std::ranges::any_of(recipients,
                                   [](const Recipient& each) { return each.code / 100 == 2; });
    }
};

class ServerRecord {
public:
    /// Complete messages as they came (dots doubled, by DATA), without the end of data.
    std::vector<std::string> messages;
    std::vector<Served> transactions;
    bool authenticated = false;  ///< it said 2xx to what came after AUTH
    /// It said something that was not its turn, or no SMTP: what the client makes of it is judged
    /// by the client's own words alone.
    bool broke_protocol = false;
    std::string server_name;  ///< what SNI said

    void heard(std::string_view line);
    void heard_end_of_data();
    /// Each whole reply in it answers the oldest command that has none; where there is none it
    /// answers nothing.
    void said(std::string_view bytes);
    /// The server has lost track of the client: nothing more is noted.
    void loses_track() { lost_track_ = true; }
    [[nodiscard]] bool has_lost_track() const { return lost_track_; }
    /// The last command is AUTH, or a response that belongs to it.
    [[nodiscard]] bool hears_responses() const { return in_auth_; }

private:
    enum class What { other, auth, mail, recipient, data, chunk, last_chunk, end_of_data };
    struct Owed {
        What what;
        std::size_t transaction;
        std::size_t recipient;
    };
    void owe(What what);
    void answered(const std::string& line);
    void answered(const Owed& owed, int code);
    [[nodiscard]] bool took_a_chunk() const;

    std::deque<Owed> owed_;
    std::string unfinished_;  // a line that has no end yet
    bool in_auth_ = false;
    bool lost_track_ = false;
};

}  // namespace tern::test

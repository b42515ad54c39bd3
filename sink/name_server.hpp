// A name server for a handful of names, so that a demonstration or a test needs no other: queries
// in, answers out (RFC 1035). UDP only; it owns no socket.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tern::sink {

class NameServer {
public:
    /// Adds what an option says: `NAME=ADDRESS` (A or AAAA), `NAME=MX PREFERENCE EXCHANGER`. Gives
    /// false where it is neither.
    bool add(std::string_view record);

    bool empty() const { return names_.empty(); }

    /// Gives the answer to a query; empty for what is not a query at all. A name that is not known
    /// does not exist; one that is known and has nothing of the type gives an empty answer. An
    /// answer that does not fit is cut short and says so.
    std::string answer(std::string_view query) const;

private:
    struct Record {
        std::uint16_t type;
        std::string data;
    };
    std::map<std::string, std::vector<Record>, std::less<>> names_;
};

}  // namespace tern::sink

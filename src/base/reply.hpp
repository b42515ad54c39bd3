// A server's reply as a value. Reading one from bytes is smtp's work (smtp/reply.hpp); it is here
// because a Failure carries the reply that ended a conversation.
#pragma once

#include <string>

namespace tern {

/// One reply of one or several lines (RFC 5321 4.2).
struct Reply {
    int code = 0;
    /// The lines as received, codes included, each ended by LF; CRs are dropped, other bytes kept.
    std::string text;

    [[nodiscard]] bool positive() const { return code / 100 == 2; }
    [[nodiscard]] bool transient() const { return code / 100 == 4; }
    [[nodiscard]] bool permanent() const { return code / 100 == 5; }
    /// RFC 5321 3.8: the server is closing the channel, whatever was asked.
    [[nodiscard]] bool closing() const { return code == 421; }

    friend bool operator==(const Reply&, const Reply&) = default;
};

}  // namespace tern

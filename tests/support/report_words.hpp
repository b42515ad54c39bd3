// What the words of a report say. They count only where tern says them: a server may say the same.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/ascii.hpp"
#include "delivery/verdict.hpp"

namespace tern::test {

inline bool says_possible_duplicate(std::string_view words) {
    constexpr std::string_view died = " but connection died. ";
    const std::size_t at = words.find(died);
    return words.starts_with("Connected to ") && at != words.npos &&
           words.substr(at + died.size()).starts_with("Possible duplicate! ");
}

// With PIPELINING and CHUNKING the message is out before these replies are read.
inline bool says_refused_before_message(std::string_view words) {
    return words.starts_with("Giving up on ") ||
           words.substr(0, words.find('\n')).ends_with(" but sender was rejected.");
}

inline bool says_of_address(std::string_view words, std::string_view what) {
    return words.substr(std::min(words.find(' '), words.size())).starts_with(what);
}

inline bool says_refused_after_message(std::string_view words) {
    return says_of_address(words, " failed after I sent the message.\n");
}

inline bool says_recipient_refused(std::string_view words) {
    return says_of_address(words, " does not like recipient.\n");
}

inline bool says(std::string_view words, std::string_view part) {
    return words.find(part) != words.npos;
}

// A refusal that asks for the TLS that failed with this server.
inline bool says_tls_is_wanted(std::string_view words) {
    constexpr std::string_view before = "\nRemote host said: ";
    const std::size_t at = words.find(before);
    if (at == words.npos) return false;
    std::string reply(words.substr(at + before.size()));
    const int code = static_cast<int>(leading_number(reply, 999).value_or(0));
    return delivery::asks_for_tls(
        Failure(Stage::recipient, Cause::rejected, Reply{code, std::move(reply)}));
}

}  // namespace tern::test

// What a client can do wrong on the wire, and how often it did. Who says it, and what is answered,
// is decided by the conversation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tern::sink {

enum class Violation {
    bare_cr,          // RFC 5321 2.3.8: CR only as part of CR LF
    bare_lf,          // RFC 5321 2.3.8: the same for LF
    long_line,        // RFC 5321 4.5.3.1.6: more than 1,000 bytes with its CR LF
    out_of_order,     // RFC 5321 4.1.4
    ahead,            // bytes after a command whose reply had to be awaited, RFC 2920 3.1
    syntax,           // a command or parameter that is none
    clear_after_tls,  // clear text after STARTTLS, RFC 3207 4
    before_greeting,  // RFC 5321 4.3.1: the client waits for the greeting
    wrong_message,    // not the message that was to be expected
};

constexpr std::size_t violation_kinds = 9;

constexpr std::array<std::string_view, violation_kinds> violation_names = {
    "bare-cr", "bare-lf",         "long-line",       "out-of-order", "ahead",
    "syntax",  "clear-after-tls", "before-greeting", "wrong-message"};

/// How often each happened.
class ViolationCounts {
public:
    void add(Violation kind, std::uint64_t times = 1) {
        counts_[static_cast<std::size_t>(kind)] += times;
    }
    void add(const ViolationCounts& other) {
        for (std::size_t i = 0; i < violation_kinds; ++i) counts_[i] += other.counts_[i];
    }
    std::uint64_t of(Violation kind) const { return counts_[static_cast<std::size_t>(kind)]; }
    std::uint64_t at(std::size_t kind) const { return counts_[kind]; }
    bool any() const {
        for (const std::uint64_t count : counts_)
            if (count != 0) return true;
        return false;
    }

private:
    std::array<std::uint64_t, violation_kinds> counts_{};
};

}  // namespace tern::sink

// Lines `key:value` of smtproutes, qmtproutes and authsenders: where the key ends and which line
// decides. relay_list parses the value.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tern::routing {

/// What the keys of a file of routes are.
enum class Keys {
    domains,  ///< of recipients: smtproutes, qmtproutes
    senders,  ///< whole addresses, or their ends: authsenders
};

/// The key of smtproutes and qmtproutes for mail of the null sender (indimail, s/qmail).
inline constexpr std::string_view null_sender_key = "!@";

struct RouteLine {
    std::string_view key;
    std::string_view value;  ///< without trailing blanks
    std::size_t number = 0;  ///< counted from 1
};

/// What a glance tells of a line: its first byte, the colon where a key that fits could end, and
/// the first bytes of that key. It lets no line fall that decides, and nearly all others.
class KeySieve {
public:
    /// Keys fit `whole`, or an end of it that begins with one of `separators`; `other` is one more,
    /// and lines that begin with one of `always`, which must outlive it, pass.
    KeySieve(std::string_view whole, std::string_view separators, std::string_view other,
             std::string_view always);
    [[nodiscard]] bool passes(std::string_view line) const;

private:
    struct Key {
        std::size_t size = 0;
        std::uint64_t head = 0;
    };

    static std::size_t index(char c) { return static_cast<unsigned char>(c); }
    static std::uint64_t head_of(std::string_view text);
    void add(std::string_view key);

    std::array<bool, 256> wanted_{};
    std::array<Key, 8> keys_{};  // to look at more would cost more than it spares
    std::size_t count_ = 0;
    std::string_view always_;
};

/// For the lines of smtproutes, with either form of a host beyond ASCII and any sender.
class HostSieve {
public:
    explicit HostSieve(std::string_view host);
    [[nodiscard]] bool passes(std::string_view line) const {
        return std::ranges::any_of(
            sieves_, [line](const KeySieve& sieve) { return sieve.passes(line); });
    }

private:
    std::vector<KeySieve> sieves_;
};

/// Where a key ends that stands at the beginning of `line`: at the first colon, or where it begins
/// with an address literal, at the colon behind its ']'. npos when there is none.
[[nodiscard]] std::size_t end_of_domain_key(std::string_view line);

/// A line in its parts; nothing for a comment and for a line without the colon that ends its key.
/// A sender's key may be quoted as in RFC 5321 4.1.2 ("a:b"@example.org), and its address literal
/// may hold colons.
[[nodiscard]] std::optional<RouteLine> split_route(std::string_view line, std::size_t number,
                                                   Keys keys);

/// The line that decides for mail to `host` (contract.md#smtproutes): for the null sender the one
/// of `!@`; then the host's own, each suffix of it that begins with a dot, the empty key; of
/// duplicates the last. One pass, in which nothing is allocated.
[[nodiscard]] std::optional<RouteLine> find_route_of_host(std::string_view content,
                                                          std::string_view host,
                                                          std::string_view sender);

/// The line that decides for mail of `sender`: its own, each end of it that begins with '@' or a
/// dot, the empty key; of duplicates the last.
[[nodiscard]] std::optional<RouteLine> find_route_of_sender(std::string_view content,
                                                            std::string_view sender);

/// Equal for keys that fit the same mail: lower case, unquoted.
[[nodiscard]] std::string canonical_key(std::string_view key, Keys keys);

/// Why the key matches no mail, with what to write; nothing when all is well.
[[nodiscard]] std::optional<std::string> what_is_wrong_with_key(std::string_view key, Keys keys);

}  // namespace tern::routing

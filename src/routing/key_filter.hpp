// Drops lines that cannot decide before they are parsed: of many thousand routes few can.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tern::routing {

/// Looks at a line's first byte, at the colon where a key that matches could end, and at the first
/// bytes of that key. Every line that decides passes, and few others do.
class KeyFilter {
public:
    /// Keys match `name`, or an end of it that begins with one of `separators`; `other` is one
    /// more, and lines that begin with one of `always`, which must outlive it, pass.
    KeyFilter(std::string_view name, std::string_view separators, std::string_view other,
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

    std::array<bool, 256> first_bytes_{};
    std::array<Key, 8> keys_{};  // comparing with more would cost more than it saves
    std::size_t count_ = 0;
    std::string_view always_;
};

/// For the lines of smtproutes, with either form of a host beyond ASCII and any sender.
class HostFilter {
public:
    explicit HostFilter(std::string_view host);
    [[nodiscard]] bool passes(std::string_view line) const {
        return std::ranges::any_of(
            filters_, [line](const KeyFilter& filter) { return filter.passes(line); });
    }

private:
    std::vector<KeyFilter> filters_;
};

}  // namespace tern::routing

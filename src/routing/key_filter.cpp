// Drops lines; see key_filter.hpp.
#include "routing/key_filter.hpp"

#include <cstring>

#include "base/ascii.hpp"
#include "dns/domain.hpp"
#include "routing/key_match.hpp"
#include "routing/route_key.hpp"

namespace tern::routing {

// The first eight bytes of what has as many, their case folded: equal for texts that are equal
// ignoring case, and for few others.
std::uint64_t KeyFilter::head_of(std::string_view text) {
    constexpr std::uint64_t case_bits = 0x2020202020202020;
    std::uint64_t head = 0;
    if (text.size() >= sizeof head) std::memcpy(&head, text.data(), sizeof head);
    return head | case_bits;
}

KeyFilter::KeyFilter(std::string_view name, std::string_view separators, std::string_view other,
                     std::string_view always)
    : always_(always) {
    for (const char c : always) first_bytes_[index(c)] = true;
    add("");
    if (!other.empty()) add(other);
    for (std::size_t at = 0; at < name.size(); ++at)
        if (at == 0 || separators.find(name[at]) != separators.npos) add(name.substr(at));
}

void KeyFilter::add(std::string_view key) {
    const char first = key.empty() ? ':' : to_lower(key.front());
    first_bytes_[index(first)] = true;
    const bool letter = first >= 'a' && first <= 'z';
    if (letter) first_bytes_[index(static_cast<char>(first - 'a' + 'A'))] = true;
    if (count_ < keys_.size()) keys_[count_] = Key{key.size(), head_of(key)};
    ++count_;
}

bool KeyFilter::passes(std::string_view line) const {
    if (line.empty() || !first_bytes_[index(line.front())]) return false;
    if (count_ > keys_.size()) return true;
    for (std::size_t i = 0; i < count_; ++i) {
        const Key& key = keys_[i];
        if (key.size >= line.size() || line[key.size] != ':') continue;
        if (key.head == head_of(line.substr(0, key.size))) return true;
    }
    return always_.find(line.front()) != always_.npos;
}

HostFilter::HostFilter(std::string_view host) {
    host = without_final_dot(host);
    filters_.emplace_back(host, ".", null_sender_key, "");
    if (!has_8bit(host)) return;
    if (const std::optional<dns::Domain> domain = dns::Domain::parse(host))
        filters_.emplace_back(domain->ascii(), ".", null_sender_key, "");
}

}  // namespace tern::routing

// Matches keys with names; see key_match.hpp.
#include "routing/key_match.hpp"

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "dns/domain.hpp"

namespace tern::routing {

std::optional<std::size_t> matched_bytes(std::string_view key, std::string_view name,
                                         std::string_view separators) {
    if (key.empty()) return 0;
    if (key.size() > name.size() || to_lower(key.back()) != to_lower(name.back()))
        return std::nullopt;
    if (key.size() < name.size() && separators.find(key.front()) == separators.npos)
        return std::nullopt;
    if (!equal_ignoring_case(key, name.substr(name.size() - key.size()))) return std::nullopt;
    return key.size();
}

std::string_view without_final_dot(std::string_view name) {
    if (name.size() > 1 && name.back() == '.') name.remove_suffix(1);
    return name;
}

std::optional<std::string> with_a_labels(std::string_view key) {
    const bool is_end = key.starts_with('.');
    const std::optional<dns::Domain> domain = dns::Domain::parse(key.substr(is_end ? 1 : 0));
    if (!domain) return std::nullopt;
    return concat(is_end ? "." : "", domain->ascii());
}

}  // namespace tern::routing

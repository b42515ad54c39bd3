// Finds the line of tlsdestinations that decides; see tls_destinations.hpp.
#include "routing/tls_destinations.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/lines.hpp"
#include "base/text.hpp"
#include "dns/domain.hpp"
#include "routing/check.hpp"
#include "routing/control_lines.hpp"
#include "routing/key_match.hpp"

namespace tern::routing {
namespace {

constexpr std::string_view prefixes = "!%=~+-";

// The key ends at the first colon, as in smtproutes; a line without one is ignored.
std::optional<TlsDestination> split(std::string_view line, std::size_t number) {
    if (is_blank_or_comment(line)) return std::nullopt;
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return std::nullopt;
    TlsDestination parts;
    parts.destination = line.substr(0, colon);
    parts.value = trim_end(line.substr(colon + 1));
    parts.number = number;
    if (!parts.destination.empty() && prefixes.find(line.front()) != prefixes.npos) {
        parts.prefix = line.front();
        parts.destination.remove_prefix(1);
    }
    return parts;
}

// trust|ciphers|depth|domain: with the last one the line counts for that next hop alone.
bool counts_for(const TlsDestination& line, std::string_view next_hop) {
    std::string_view rest = line.value;
    for (int field = 0; field < 3; ++field) next_field(rest, '|');
    return rest.empty() || equal_ignoring_case(rest, next_hop);
}

/// How well a line matches; less is better.
struct Rank {
    std::size_t order = 0;
    std::size_t uncovered = 0;  ///< bytes of the name before a suffix: the longest suffix wins
    friend auto operator<=>(const Rank&, const Rank&) = default;
};

// In the order of s/qmail, exact names before suffixes; '%' and '=' are for exact names only.
std::optional<Rank> rank_of_name(char prefix, std::string_view destination, std::string_view name) {
    if (name.empty()) return std::nullopt;
    constexpr std::array<std::string_view, 6> order = {
        "!", "%", "=", "~", std::string_view("+\0", 2), "-"};
    const auto place = std::ranges::find_if(
        order, [prefix](std::string_view group) { return group.find(prefix) != group.npos; });
    const auto exact = static_cast<std::size_t>(place - order.begin()) * 2;
    const std::string_view separators = prefix == '%' || prefix == '=' ? "" : ".";
    const std::optional<std::size_t> matched = matched_bytes(destination, name, separators);
    if (!matched) return std::nullopt;
    return Rank{*matched == name.size() ? exact : exact + 1, name.size() - *matched};
}

std::optional<Rank> rank_of_general(const TlsDestination& line) {
    constexpr std::array<std::string_view, 8> order = {"!*", "=*", "~*", "+*", "-*", "*", "-", ""};
    const auto place = std::ranges::find(order, line.key());
    if (place == order.end()) return std::nullopt;
    return Rank{static_cast<std::size_t>(place - order.begin()), 0};
}

std::optional<Rank> rank_of(const TlsDestination& line, std::string_view name,
                            std::string_view next_hop) {
    constexpr std::size_t of_next_hop = 100;
    constexpr std::size_t of_all = 200;
    std::optional<Rank> rank;
    if (line.is_general()) {
        rank = rank_of_general(line);
        if (rank) rank->order += of_all;
        return rank;
    }
    const std::string destination =
        with_a_labels(line.destination).value_or(std::string(line.destination));
    rank = rank_of_name(line.prefix, destination, name);
    if (!rank && (rank = rank_of_name(line.prefix, destination, next_hop)))
        rank->order += of_next_hop;
    return rank;
}

}  // namespace

std::string TlsDestination::key() const {
    return concat(prefix == '\0' ? std::string_view() : std::string_view(&prefix, 1), destination);
}

std::string_view TlsDestination::words() const {
    return prefix == '!' ? "disables TLS" : "requires TLS";
}

std::optional<TlsDestination> find_tls_destination(std::string_view content, std::string_view name,
                                                   std::string_view next_hop) {
    std::optional<TlsDestination> best;
    Rank best_rank;
    for (Lines lines(content); lines.next();) {
        const std::optional<TlsDestination> line = split(lines.line(), lines.number());
        if (!line || !counts_for(*line, next_hop)) continue;
        const std::optional<Rank> rank = rank_of(*line, name, next_hop);
        if (!rank || (best && best_rank < *rank)) continue;
        best = line;
        best_rank = *rank;
    }
    return best;
}

std::vector<Mistake> check_tls_destinations(std::string_view content) {
    MistakeList mistakes("control/tlsdestinations");
    for (Lines lines(content); lines.next();) {
        const std::optional<TlsDestination> line = split(lines.line(), lines.number());
        if (!line && !is_blank_or_comment(lines.line()))
            mistakes.add_ignored(lines.number(),
                                 "the line has no colon and is ignored (write destination:)");
        if (!line || line->changes_nothing()) continue;
        const std::string_view name =
            line->destination.substr(line->destination.starts_with('.') ? 1 : 0);
        const bool matches = line->is_general() ? rank_of_general(*line).has_value()
                                                : dns::Domain::parse(name).has_value();
        if (!matches) {
            mistakes.add_ignored(lines.number(),
                                 concat(in_quotes(line->key()), " matches nothing"));
            continue;
        }
        const std::string whom = line->is_general() ? "every server that no other line names"
                                                    : in_quotes(line->destination);
        mistakes.add_deferring(
            lines.number(),
            concat(line->words(), " for ", whom,
                   ", and this version does not support the file: mail that the line decides is "
                   "deferred (name such servers in control/",
                   line->prefix == '!' ? "notlshosts" : "tlshosts", " and remove the line)"));
    }
    return mistakes.take();
}

}  // namespace tern::routing

// Finds the line of a file of routes that decides; see route_line.hpp.
#include "routing/route_line.hpp"

#include "base/lines.hpp"
#include "routing/key_filter.hpp"
#include "routing/key_match.hpp"

namespace tern::routing {
namespace {

// npos for a comment and where no colon ends a key.
std::size_t end_of_key(std::string_view line, Keys keys) {
    if (line.starts_with('#')) return line.npos;
    return keys == Keys::domains ? end_of_domain_key(line) : end_of_sender_key(line);
}

// The best line among those that pass the filter, by the bytes that `measure` says its key
// matches.
template <class Measure>
std::optional<RouteLine> find_best(std::string_view content, Keys keys, const KeyFilter& filter,
                                   Measure measure) {
    std::optional<RouteLine> best;
    std::size_t best_match = 0;
    for (Lines lines(content); lines.next();) {
        const std::string_view line = lines.line();
        if (!filter.passes(line)) continue;
        const std::size_t colon = end_of_key(line, keys);
        if (colon == line.npos) continue;
        const std::optional<std::size_t> matched = measure(line.substr(0, colon));
        if (!matched || (best && *matched < best_match)) continue;
        best_match = *matched;
        best = split_route(line, lines.number(), keys);
    }
    return best;
}

}  // namespace

std::optional<RouteLine> split_route(std::string_view line, std::size_t number, Keys keys) {
    const std::size_t colon = end_of_key(line, keys);
    if (colon == line.npos) return std::nullopt;
    return RouteLine{line.substr(0, colon), trim_end(line.substr(colon + 1)), number};
}

std::optional<RouteLine> find_route_of_host(std::string_view content, std::string_view host,
                                            std::string_view sender) {
    if (content.empty()) return std::nullopt;
    host = without_final_dot(host);
    const auto measure = [host, sender](std::string_view key) -> std::optional<std::size_t> {
        if (key != null_sender_key) return matched_bytes(key, host, ".");
        if (!sender.empty()) return std::nullopt;
        return host.size() + 1;
    };
    return find_best(content, Keys::domains, KeyFilter(host, ".", null_sender_key, ""), measure);
}

std::optional<RouteLine> find_route_of_sender(std::string_view content, std::string_view sender) {
    if (content.empty()) return std::nullopt;
    sender = without_final_dot(sender);
    const auto measure = [sender](std::string_view key) {
        return key.starts_with('"') ? matched_bytes(unquoted(key), sender, "@.")
                                    : matched_bytes(key, sender, "@.");
    };
    return find_best(content, Keys::senders, KeyFilter(sender, "@.", "", "\""), measure);
}

}  // namespace tern::routing

// What `tern check` finds wrong in the texts of control files, by the parsers that deliveries use.
// Texts in, sentences out.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ip.hpp"
#include "routing/mistake.hpp"
#include "routing/route.hpp"
#include "routing/route_line.hpp"

namespace tern::routing {

// Each of these gives every mistake in the text of a file, in the order of lines.
[[nodiscard]] std::vector<Mistake> check_smtproutes(std::string_view content);
[[nodiscard]] std::vector<Mistake> check_qmtproutes(std::string_view content);
[[nodiscard]] std::vector<Mistake> check_authsenders(std::string_view content);
[[nodiscard]] std::vector<Mistake> check_route_file(const RouteFiles::OfDomain& file);
[[nodiscard]] std::vector<Mistake> check_outgoingip(std::string_view content, Family family);
[[nodiscard]] std::vector<Mistake> check_domainips(std::string_view content);
[[nodiscard]] std::vector<Mistake> check_helohostbyip(std::string_view content);
[[nodiscard]] std::vector<Mistake> check_ignoreextensions(std::string_view content);
[[nodiscard]] std::vector<Mistake> check_authmechanisms(std::string_view content);
[[nodiscard]] std::vector<Mistake> check_tls_destinations(std::string_view content);

/// Why the key matches no mail, with what to write; nothing when it is correct.
[[nodiscard]] std::optional<std::string> what_is_wrong_with_key(std::string_view key, Keys keys);

/// Which lines of a file of routes can decide: of those with the same key the last.
class DecidingLines {
public:
    DecidingLines(std::string_view content, Keys keys);
    /// The number of the line that decides for the key of `line`, a line of the file.
    [[nodiscard]] std::size_t number_for(const RouteLine& line) const;

private:
    Keys keys_;
    std::unordered_map<std::string, std::size_t> last_;  // by canonical_key
};

}  // namespace tern::routing

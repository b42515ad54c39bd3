// Reads every control file as deliveries do and reports each problem before mail is affected. It
// changes nothing and connects nowhere.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "environment/environment.hpp"
#include "explain/check/finding.hpp"
#include "explain/show/paint.hpp"
#include "explain/check/reader.hpp"

namespace tern::explain {

/// All findings, in the order of files, relative to the working directory (qmail's home). `reader`
/// is the user that runs qmail-remote; `now` is seconds since 1970. No secret is in any of
/// them.
[[nodiscard]] std::vector<Finding> check(const Reader& reader,
                                         LocalAddresses& local_addresses,
                                         std::chrono::seconds now);

/// Whether any of them is more than a note.
[[nodiscard]] bool any_mistake(const std::vector<Finding>& findings);

/// For people, one line each: `file:line: error: what; cure`. Then how many there are.
[[nodiscard]] std::string check_text(const std::vector<Finding>& findings, const Paint& paint);
/// One JSON object, ended by a newline.
[[nodiscard]] std::string check_json(const std::vector<Finding>& findings);

}  // namespace tern::explain

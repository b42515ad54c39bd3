// Which lines of control files count, and how their words are quoted in reports.
#pragma once

#include <string>
#include <string_view>

namespace tern::routing {

/// Whether a line is empty, has blanks alone, or is a comment: it begins with '#'
/// (contract.md#control-files).
[[nodiscard]] bool is_blank_or_comment(std::string_view line);

/// `part` in quotation marks, up to its first '|' or blank: what follows might be a password, and
/// reports go to logs and senders.
[[nodiscard]] std::string in_quotes(std::string_view part);

}  // namespace tern::routing

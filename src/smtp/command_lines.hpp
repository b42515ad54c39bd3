// Lines of a message that a server could take for commands. Bytes only.
#pragma once

#include <string_view>

namespace tern::smtp {

/// Whether a line of `encoded` (a message as it goes on the wire, lines ended by LF) begins with a
/// word that an SMTP server could take for a command, in any case, followed by a blank, a tab, CR,
/// LF, or nothing. The list is that of contract.md#bdat.
[[nodiscard]] bool holds_command_line(std::string_view encoded);

}  // namespace tern::smtp

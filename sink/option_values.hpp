// The values of the program's options, as they are written on its command line. Each function gives
// false, or nothing, where the text means nothing; the caller reports it.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "sink/settings.hpp"
#include "sink/violations.hpp"

namespace tern::sink {

/// `CODE text` with `\n` for a further line, `close` to hang up, `usual` for the usual reply.
std::optional<ScriptedReply> parse_scripted_reply(std::string_view text);

/// `STAGE=reply`: adds to the stage's script.
bool add_scripted_reply(Settings& settings, std::string_view text);

/// `ADDRESS=reply`, `@DOMAIN=reply` or `*=reply`.
bool add_rejected_recipient(Settings& settings, std::string_view text);

/// Names of extensions with commas between them: switches them on or off.
bool switch_extensions(ExtensionSet& set, std::string_view names, bool on);

/// `RCPTMAX=n`, `MAILMAX=n`, `RCPTDOMAINMAX=n` with commas or blanks between them.
bool set_limits(Limits& limits, std::string_view text);

/// `NAME:PASSWORD`
bool add_user(Settings& settings, std::string_view text);

/// Names of mechanisms with commas between them, in place of those that are set.
bool set_mechanisms(Settings& settings, std::string_view names);

/// Names of violations with commas between them, or `all`.
bool tolerate(std::array<bool, violation_kinds>& tolerated, std::string_view names);

}  // namespace tern::sink

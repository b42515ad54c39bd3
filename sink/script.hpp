// What the settings have a server answer instead of the usual: how far the scripts of one session
// are, and which recipients are not taken. What an answer looks like on the wire is not known here.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "sink/settings.hpp"

namespace tern::sink {

class Script {
public:
    /// The settings must outlive the script.
    explicit Script(const Settings& settings) : settings_(settings) {}

    /// Gives the next answer of this stage, null for the usual one; the last comes again and again.
    const ScriptedReply* next(Stage stage);

private:
    const Settings& settings_;
    std::array<std::size_t, stage_kinds> position_{};
};

/// Gives what the first rule that fits this recipient has answered, null where none fits.
const ScriptedReply* rejection_of(const Settings& settings, std::string_view address);

}  // namespace tern::sink

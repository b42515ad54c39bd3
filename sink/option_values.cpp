// Small grammars of options.
#include "sink/option_values.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include "sink/ascii.hpp"

namespace tern::sink {

namespace {

constexpr std::uint64_t any_number = ~std::uint64_t(0) >> 1U;

// Calls `each` for every part between separators until it gives false.
template <typename Each>
bool for_parts(std::string_view text, std::string_view separators, Each each) {
    for (;;) {
        const std::size_t end = text.find_first_of(separators);
        if (!each(text.substr(0, end))) return false;
        if (end == std::string_view::npos) return true;
        text.remove_prefix(end + 1);
    }
}

// Where `word` is among `names`.
template <std::size_t count>
std::optional<std::size_t> place_of(std::string_view word,
                                    const std::array<std::string_view, count>& names) {
    for (std::size_t i = 0; i < count; ++i)
        if (same(word, names[i])) return i;
    return std::nullopt;
}

}  // namespace

std::optional<ScriptedReply> parse_scripted_reply(std::string_view text) {
    ScriptedReply made;
    if (text == "usual") return made;
    if (text == "close") {
        made.kind = ScriptedReply::Kind::hang_up;
        return made;
    }
    const auto code = number(text.substr(0, 3), 599);
    if (text.size() < 3 || !code || *code < 200) return std::nullopt;
    if (text.size() > 3 && text[3] != ' ') return std::nullopt;
    made.kind = ScriptedReply::Kind::words;
    made.code = static_cast<unsigned>(*code);
    const std::string_view words = text.size() > 4 ? text.substr(4) : "as scripted";
    for (std::size_t at = 0; at < words.size(); ++at) {
        if (is_control(words[at])) return std::nullopt;
        if (words.substr(at, 2) == "\\n") {
            made.text += '\n';
            ++at;
        } else {
            made.text += words[at];
        }
    }
    return made;
}

bool add_scripted_reply(Settings& settings, std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return false;
    const auto stage = place_of(text.substr(0, equals), stage_names);
    const auto reply = parse_scripted_reply(text.substr(equals + 1));
    if (!stage || !reply) return false;
    settings.script[*stage].push_back(*reply);
    return true;
}

bool add_rejected_recipient(Settings& settings, std::string_view text) {
    // An address may hold `=`, a reply's beginning does not.
    for (std::size_t equals = text.find('='); equals != std::string_view::npos;
         equals = text.find('=', equals + 1)) {
        const auto reply = parse_scripted_reply(text.substr(equals + 1));
        if (equals == 0 || !reply || reply->kind == ScriptedReply::Kind::usual) continue;
        settings.rejected.push_back({std::string(text.substr(0, equals)), *reply});
        return true;
    }
    return false;
}

bool switch_extensions(ExtensionSet& set, std::string_view names, bool on) {
    return for_parts(names, ",", [&](std::string_view name) {
        const auto which = place_of(name, extension_names);
        if (which) set.set(static_cast<Extension>(*which), on);
        return which.has_value();
    });
}

bool set_limits(Limits& limits, std::string_view text) {
    return for_parts(text, ", ", [&](std::string_view part) {
        const std::size_t equals = part.find('=');
        if (equals == std::string_view::npos) return false;
        const std::string_view name = part.substr(0, equals);
        const auto value = number(part.substr(equals + 1), any_number);
        if (!value || *value == 0) return false;
        if (same(name, "MAILMAX")) limits.messages = value;
        else if (same(name, "RCPTMAX")) limits.recipients = value;
        else if (same(name, "RCPTDOMAINMAX")) limits.domains = value;
        else return false;
        return true;
    });
}

bool add_user(Settings& settings, std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    settings.users.push_back(
        {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))});
    return true;
}

bool set_mechanisms(Settings& settings, std::string_view names) {
    settings.mechanisms.clear();
    return for_parts(names, ",", [&](std::string_view name) {
        const auto which = place_of(name, mechanism_names);
        if (which) settings.mechanisms.push_back(static_cast<Mechanism>(*which));
        return which.has_value();
    });
}

bool tolerate(std::array<bool, violation_kinds>& tolerated, std::string_view names) {
    return for_parts(names, ",", [&](std::string_view name) {
        if (name == "all") {
            tolerated.fill(true);
            return true;
        }
        const auto which = place_of(name, violation_names);
        if (which) tolerated[*which] = true;
        return which.has_value();
    });
}

}  // namespace tern::sink

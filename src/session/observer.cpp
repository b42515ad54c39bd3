// What an observer may learn; see observer.hpp.
#include "session/observer.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace tern::session {
namespace {

constexpr std::string_view hidden = "****";

bool begins_with_verb(std::string_view command, std::string_view verb) {
    return equal_ignoring_case(command.substr(0, verb.size()), verb);
}

// The mechanism is no secret; all else of the dialogue may be one.
std::string without_secrets(std::string_view command) {
    constexpr std::string_view verb = "AUTH ";
    if (!begins_with_verb(command, verb)) return std::string(hidden);
    const std::size_t end = command.find(' ', verb.size());
    if (end == std::string_view::npos) return std::string(command);
    return concat(command.substr(0, end + 1), hidden);
}

}  // namespace

void tell_said(Observer& observer, std::string_view group, Stage stage) {
    while (!group.empty()) {
        const std::string_view command = group.substr(0, group.find("\r\n"));
        group.remove_prefix(std::min(group.size(), command.size() + 2));
        if (stage == Stage::auth || begins_with_verb(command, "AUTH "))
            observer.said(without_secrets(command));
        else observer.said(command);
        if (begins_with_verb(command, "BDAT ")) return;
    }
}

void tell_heard(Observer& observer, const smtp::Reply& reply, Stage stage) {
    if (stage != Stage::auth) return observer.heard(reply);
    smtp::Reply code_alone;
    code_alone.code = reply.code;
    code_alone.text = concat(reply.code, " ", hidden, "\n");
    observer.heard(code_alone);
}

}  // namespace tern::session

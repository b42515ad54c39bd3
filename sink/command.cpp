// Parses command lines strictly: this receiver is there to find fault.
#include "sink/command.hpp"

#include <array>
#include <cstddef>
#include <utility>

#include "sink/ascii.hpp"

namespace tern::sink {

namespace {

constexpr std::array<std::pair<std::string_view, Verb>, 14> verbs = {{
    {"EHLO", Verb::ehlo},
    {"HELO", Verb::helo},
    {"STARTTLS", Verb::starttls},
    {"AUTH", Verb::auth},
    {"MAIL", Verb::mail},
    {"RCPT", Verb::rcpt},
    {"DATA", Verb::data},
    {"BDAT", Verb::bdat},
    {"RSET", Verb::rset},
    {"NOOP", Verb::noop},
    {"VRFY", Verb::vrfy},
    {"EXPN", Verb::expn},
    {"HELP", Verb::help},
    {"QUIT", Verb::quit},
}};

constexpr std::size_t most_parameters = 20;

// Where the path that begins at `<` ends; a quoted local part may hold `>` (RFC 5321 4.1.2).
std::size_t end_of_path(std::string_view text) {
    bool quoted = false;
    for (std::size_t at = 1; at < text.size(); ++at) {
        const char c = text[at];
        if (is_control(c)) return std::string_view::npos;
        if (quoted && c == '\\') {
            ++at;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == ' ' || c == '<')) {
            return std::string_view::npos;
        } else if (!quoted && c == '>') {
            return at;
        }
    }
    return std::string_view::npos;
}

// RFC 5321 4.1.2: esmtp-keyword is letters, digits and hyphens, and does not begin with one.
bool is_keyword(std::string_view word) {
    if (word.empty() || word.front() == '-') return false;
    for (const char c : word)
        if (!is_digit(c) && c != '-' && (upper(c) < 'A' || upper(c) > 'Z')) return false;
    return true;
}

std::optional<Parameter> parse_parameter(std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string_view keyword = word.substr(0, equals);
    if (!is_keyword(keyword)) return std::nullopt;
    if (equals == std::string_view::npos) return Parameter{to_upper(keyword), {}};
    const std::string_view value = word.substr(equals + 1);
    if (value.empty() || value.find('=') != std::string_view::npos) return std::nullopt;
    for (const char c : value)
        if (is_control(c)) return std::nullopt;
    return Parameter{to_upper(keyword), std::string(value)};
}

}  // namespace

Command parse_command(std::string_view line) {
    const std::size_t blank = line.find(' ');
    const std::string_view word = line.substr(0, blank);
    Command made;
    if (blank != std::string_view::npos) made.argument = line.substr(blank + 1);
    for (const auto& [name, verb] : verbs)
        if (same(word, name)) made.verb = verb;
    return made;
}

const Parameter* PathArgument::find(std::string_view keyword) const {
    for (const Parameter& parameter : parameters)
        if (parameter.keyword == keyword) return &parameter;
    return nullptr;
}

std::optional<PathArgument> parse_path(std::string_view argument, std::string_view prefix) {
    if (!begins(argument, prefix)) return std::nullopt;
    argument.remove_prefix(prefix.size());
    if (argument.empty() || argument.front() != '<') return std::nullopt;
    const std::size_t end = end_of_path(argument);
    if (end == std::string_view::npos) return std::nullopt;
    PathArgument made;
    made.address = argument.substr(1, end - 1);
    argument.remove_prefix(end + 1);
    while (!argument.empty()) {
        if (argument.front() != ' ') return std::nullopt;
        argument.remove_prefix(1);
        const std::size_t length = argument.find(' ');
        const std::optional<Parameter> parameter = parse_parameter(argument.substr(0, length));
        if (!parameter || made.find(parameter->keyword) != nullptr) return std::nullopt;
        if (made.parameters.size() == most_parameters) return std::nullopt;
        made.parameters.push_back(*parameter);
        argument.remove_prefix(length == std::string_view::npos ? argument.size() : length);
    }
    return made;
}

std::string_view domain_of(std::string_view address) {
    const std::size_t at = address.rfind('@');
    return at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
}

}  // namespace tern::sink

// Reads the user and password of a route; see relay_credentials.hpp.
#include "routing/relay_credentials.hpp"

#include "base/lines.hpp"
#include "base/text.hpp"
#include "routing/control_lines.hpp"

namespace tern::routing {
namespace {

// Between a user and a password. A CR is a byte of either.
constexpr std::string_view word_separators = " \t";

std::size_t count_words(std::string_view text) {
    std::size_t count = 0;
    text = trim(text);
    for (; !next_word(text, word_separators).empty(); ++count) text = trim_start(text);
    return count;
}

Parsed<sasl::Credentials> make_credentials(std::string_view user, std::string_view password) {
    sasl::Credentials credentials = sasl::credentials_of_route(user, password);
    sasl::Credentials judged = credentials;
    // The token itself is not read here.
    if (credentials.kind == sasl::Credentials::Kind::token) judged.secret = Secret("token");
    if (const std::optional<std::string> what = sasl::what_is_wrong(judged))
        return wrong(concat(*what, " (write relay|user|password)"));
    return credentials;
}

}  // namespace

Parsed<sasl::Credentials> credentials_after_bar(std::string_view text) {
    const std::size_t bar = text.find('|');
    if (bar == text.npos) return wrong("a user has no password (write relay|user|password)");
    return make_credentials(text.substr(0, bar), text.substr(bar + 1));
}

// contract.md#smtproutes: exactly two words after the port, separated by blanks, are a user and
// password (SendGrid's own page, several patches, indimail). What is written with '|' keeps its
// meaning, and a list that continues after a blank stays ignored.
std::optional<Parsed<sasl::Credentials>> credentials_after_port(std::string_view text) {
    std::string_view rest = trim_start(text);
    if (rest.size() == text.size()) return std::nullopt;
    const std::string_view user = next_word(rest, word_separators);
    const std::string_view password = trim_start(rest);
    if (password.empty() || password.find_first_of(word_separators) != password.npos)
        return std::nullopt;
    if (user.starts_with(',') || user.find('|') != user.npos || password.starts_with('|'))
        return std::nullopt;
    return make_credentials(user, password);
}

std::string what_is_ignored(std::string_view text, std::uint16_t port, bool may_have_credentials) {
    const std::string_view words = trim_start(text);
    if (words.empty()) return {};
    const std::string where = concat(" after port ", port, " is ignored ");
    if (words.size() == text.size())
        return concat("the text right", where, "(put a blank, a comma or nothing there)");
    if (words.starts_with(','))
        return concat("the list", where, "(remove the blank before the comma)");
    if (!may_have_credentials)
        return concat("the text", where, "(QMTP has no authentication: remove it)");
    const std::size_t count = count_words(words);
    constexpr std::string_view cure = "(write relay:port|user|password to log in)";
    if (count == 1) return concat("the word", where, cure);
    return concat("what follows port ", port, " is ignored, as it is ", count,
                  " words and not two ", cure);
}

bool seems_to_be_a_login(std::string_view text) {
    const std::string_view words = trim_start(text);
    return words.size() < text.size() && words.find_first_of(",#") != 0 && count_words(words) > 2;
}

bool seems_to_hold_password(std::string_view line) {
    constexpr std::size_t fewest_words = 3;
    return !is_blank_or_comment(line) &&
           (line.find('|') != line.npos || count_words(line) >= fewest_words);
}

bool may_hold_passwords(std::string_view lines) {
    const auto has = [lines](char c) { return lines.find(c) != lines.npos; };
    return has('|') || has(' ') || has('\t');
}

}  // namespace tern::routing

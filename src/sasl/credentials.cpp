// What a route's user name and password mean; see credentials.hpp.
#include "sasl/credentials.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace tern::sasl {
namespace {

constexpr std::string_view token_mark = "token:";
constexpr std::size_t longest_user = 1024;    // bytes; RFC 4616 2 asks servers to take 255
constexpr std::size_t longest_secret = 8192;  // the largest tokens met in the wild have 4 KB

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), is_control);
}

// RFC 6750 2.1: b64token.
bool is_of_a_token(char c) {
    return is_alnum(c) || std::string_view("-._~+/=").find(c) != std::string_view::npos;
}

}  // namespace

Credentials credentials_of_route(std::string_view user, std::string_view password) {
    Credentials made;
    made.user = user;
    if (password.starts_with(token_mark) && password.substr(token_mark.size()).starts_with('/')) {
        made.kind = Credentials::Kind::token;
        made.token_file = password.substr(token_mark.size());
    } else {
        made.secret = Secret(password);
    }
    return made;
}

Secret token_in(std::string_view content) {
    constexpr std::string_view blanks = " \t\r";
    std::string_view line = content.substr(0, content.find('\n'));
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    line = line.substr(0, line.find_last_not_of(blanks) + 1);
    return Secret(line);
}

// SASLprep (RFC 4013) is left out on purpose: servers store what they were given, mostly unprepared
// (Dovecot, Exim), and for ASCII it changes nothing.
std::optional<std::string> what_is_wrong(const Credentials& credentials) {
    const bool token = credentials.kind == Credentials::Kind::token;
    const std::string_view secret = credentials.secret.reveal();
    const std::string name = token ? "the access token" : "the password";
    if (credentials.user.empty()) return "the user name is empty";
    if (secret.empty()) return name + " is empty";
    if (credentials.user.size() > longest_user) return "the user name is longer than 1024 bytes";
    if (secret.size() > longest_secret) return name + " is longer than 8192 bytes";
    if (has_control(credentials.user)) return "the user name holds control characters";
    if (has_control(secret)) return name + " holds control characters";
    if (token && !std::all_of(secret.begin(), secret.end(), is_of_a_token))
        return name + " holds characters that no token has (RFC 6750)";
    return std::nullopt;
}

}  // namespace tern::sasl

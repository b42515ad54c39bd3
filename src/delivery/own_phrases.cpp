// See own_phrases.hpp. What is not in the list may be left out of a report needlessly, no more.
#include "delivery/own_phrases.hpp"

#include <array>

namespace tern::delivery {
namespace {

// A longer phrase comes before its parts.
constexpr std::array phrases{
    std::string_view("The mail was offered to a relay.\nThe server's reply repeats our credentials "
                     "and is left out.\n"),
    std::string_view("The server's reply repeats our credentials and is left out.\n"),
    std::string_view("Remote host said: "),
    std::string_view("Connected to "),
    std::string_view(" but authentication was rejected."),
    std::string_view(" but could not authenticate."),
    std::string_view(" but did not authenticate."),
    std::string_view(" but connection died. "),
    std::string_view(" but sender was rejected."),
    std::string_view(" but my name was rejected."),
    std::string_view(" accepted message."),
    std::string_view(" does not like recipient."),
    std::string_view(" failed on DATA command."),
    std::string_view(" failed after I sent the message."),
    std::string_view("Giving up on "),
    std::string_view("Possible duplicate! "),
    std::string_view(": the server is temporarily unable to check "),
    std::string_view(": the server refused "),
    std::string_view("our user name and password (AUTH PLAIN)"),
    std::string_view("our user name and password (AUTH LOGIN)"),
    std::string_view("our user name and password"),
    std::string_view("our access token"),
    std::string_view(": the server does not accept the mechanism "),
    std::string_view(": the server requires a stronger mechanism than "),
    std::string_view("; its reply repeats our credentials and is left out"),
    std::string_view(": the server does not offer AUTH, but the route has credentials for it"),
    std::string_view(": the server offers "),
    std::string_view(" but does not accept "),
    std::string_view(": the server closed the connection before "),
    std::string_view(": the connection was lost while "),
};

}  // namespace

std::span<const std::string_view> own_phrases() { return phrases; }

}  // namespace tern::delivery

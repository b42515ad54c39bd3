// The commands of SMTP as they are written: verb, path, parameters. What they mean in a session is
// not decided here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tern::sink {

enum class Verb {
    unknown,
    ehlo,
    helo,
    starttls,
    auth,
    mail,
    rcpt,
    data,
    bdat,
    rset,
    noop,
    vrfy,
    expn,
    help,
    quit
};

struct Command {
    Verb verb = Verb::unknown;
    std::string_view argument;  ///< after the verb and one blank
};

/// Gives the command in `line`, which is without its CR LF.
Command parse_command(std::string_view line);

struct Parameter {
    std::string keyword;  ///< in upper case
    std::string value;    ///< empty where there is none
};

/// The argument of MAIL or RCPT.
struct PathArgument {
    std::string address;  ///< without the angle brackets, as it was written
    std::vector<Parameter> parameters;

    const Parameter* find(std::string_view keyword) const;
};

/// Parses `FROM:<address> KEYWORD=VALUE ...`, `prefix` being `FROM:` or `TO:` (RFC 5321 4.1.2, with
/// no blank before the path). Gives nothing where it is not of this form.
std::optional<PathArgument> parse_path(std::string_view argument, std::string_view prefix);

/// Gives what follows the last @ of an address, empty without one.
std::string_view domain_of(std::string_view address);

}  // namespace tern::sink

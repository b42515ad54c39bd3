// Reads the client's side of a connection; see dialogue.hpp.
#include "support/dialogue.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "support/reference_body.hpp"
#include "support/reference_commands.hpp"

namespace tern::test {
namespace {

class Reading {
public:
    explicit Reading(const SimulatedEnvironment& environment)
        : environment_(environment),
          body_(reference_body(environment.message.content) + ".\r\n"),
          chunks_(reference_body(environment.message.content, false)) {}

    Dialogue dialogue;

    void read(std::string_view written, bool in_clear, bool tls_follows) {
        in_clear_ = in_clear;
        previous_ = "";
        while (!written.empty() && dialogue.trouble.empty()) {
            const std::size_t end = written.find("\r\n");
            if (end == written.npos) return;  // cut off; judged only when whole
            const std::string_view line = written.substr(0, end);
            written.remove_prefix(end + 2);
            if (previous_ == "AUTH" && !is_command(line)) {
                respond(line);
                continue;
            }
            command(line);
            if (previous_ == "DATA") written = read_body(written);
            if (previous_ == "BDAT" && dialogue.trouble.empty())
                written = read_chunk(line, written);
        }
        if (tls_follows && previous_ != "STARTTLS") wrong("TLS begins without STARTTLS");
    }

private:
    void wrong(std::string words) {
        if (dialogue.trouble.empty()) dialogue.trouble = std::move(words);
    }

    static bool is_command(std::string_view line) {
        return line == "QUIT" || line.starts_with("MAIL FROM:") || line.starts_with("AUTH ");
    }

    // What may follow what. "." is the end of data.
    [[nodiscard]] bool may_follow(std::string_view verb) const {
        static const std::vector<std::pair<std::string_view, std::string_view>> followers{
            {"", "EHLO QUIT"},
            {"EHLO", "HELO STARTTLS AUTH MAIL QUIT"},
            {"HELO", "MAIL QUIT"},
            {"STARTTLS", "MAIL QUIT"},
            {"AUTH", "AUTH MAIL QUIT"},
            {"MAIL", "RCPT RSET QUIT"},
            {"RCPT", "RCPT DATA BDAT RSET QUIT"},
            {"DATA", "RSET QUIT"},
            {"BDAT", "BDAT RSET QUIT"},
            {".", "MAIL RSET QUIT"},
            {"RSET", "MAIL QUIT"},
            {"QUIT", ""}};
        for (const auto& [before, allowed] : followers)
            if (before == previous_) return allowed.find(verb) != std::string_view::npos;
        return false;
    }

    void command(std::string_view line) {
        std::string verb(line.substr(0, line.find(' ')));
        if (verb.empty() || !may_follow(verb))
            return wrong(concat("\"", shown(line), "\" follows \"", previous_, "\""));
        if (std::ranges::any_of(line, is_control)) wrong("a control character in a command");
        if (verb == "EHLO" || verb == "HELO") {
            dialogue.hello_names.emplace_back(line.substr(5));
        } else if (verb == "MAIL" || verb == "RCPT") {
            const std::string_view begin = verb == "MAIL" ? "MAIL FROM:<" : "RCPT TO:<";
            if (!line.starts_with(begin) || line.find('>') == line.npos)
                wrong(concat("malformed: ", shown(line)));
            if (verb == "MAIL") begin_transaction();
            else spoken().recipients.emplace_back(
                line.substr(begin.size(), line.rfind('>') - begin.size()));
        } else if (verb == "AUTH") {
            begin_auth(line);
        } else if (verb != "BDAT" && line != verb) {
            wrong(concat("a parameter too many: ", shown(line)));
        }
        previous_ = std::move(verb);
    }

    void begin_transaction() {
        if (environment_.must_authenticate && !authenticated_)
            wrong("MAIL before AUTH, and the route has credentials");
        sent_ = 0;
        dialogue.transactions.emplace_back();
    }

    void begin_auth(std::string_view line) {
        authenticated_ = true;  // that it succeeded is the server's to say
        dialogue.said_auth_in_clear = dialogue.said_auth_in_clear || in_clear_;
        const std::size_t first = line.find(' ', 5);
        const std::string mechanism(line.substr(0, first));
        if (std::ranges::find(mechanisms_, mechanism) != mechanisms_.end())
            wrong("a mechanism of AUTH is tried again");
        mechanisms_.push_back(mechanism);
        if (first != line.npos) dialogue.said_in_auth.emplace_back(line.substr(first + 1));
        if (!environment_.must_authenticate) wrong("AUTH without credentials");
    }

    void respond(std::string_view line) {
        const auto is_base64 = [](char c) {
            return is_alphanumeric(c) || c == '+' || c == '/' || c == '=';
        };
        if (line != "*" && !std::ranges::all_of(line, is_base64))
            wrong(concat("no response of AUTH: ", shown(line)));
        dialogue.said_in_auth.emplace_back(line);
    }

    static bool is_alphanumeric(char c) {
        const char lowered = to_lower(c);
        return is_digit(c) || (lowered >= 'a' && lowered <= 'z');
    }

    Spoken& spoken() { return dialogue.transactions.back(); }

    // Gives what is after the chunk.
    std::string_view read_chunk(std::string_view line, std::string_view written) {
        spoken().by_chunks = true;
        const bool last = line.ends_with(" LAST");
        const auto size = leading_number(line.substr(std::min<std::size_t>(5, line.size())),
                                         chunks_.size() + 1);
        if (!size || line != concat("BDAT ", *size, last ? " LAST" : "")) wrong("malformed BDAT");
        if (!dialogue.trouble.empty()) return {};
        const std::string_view whole = std::string_view(chunks_).substr(sent_, *size);
        const std::string_view chunk = written.substr(0, *size);
        if (whole.size() != *size || !whole.starts_with(chunk))
            wrong("a chunk on the wire is not the message");
        // contract.md#bdat
        if (!std::exchange(any_chunk_, true) && holds_command_line_reference(chunk))
            wrong("the first chunk holds a line that is a command");
        sent_ += chunk.size();
        if (last && chunk.size() == *size) {
            ends();
            if (sent_ != chunks_.size()) wrong("the last chunk is not the end of the message");
        }
        return written.substr(chunk.size());
    }

    void ends() {
        spoken().ended = true;
        previous_ = ".";
        const std::string& message = environment_.message.content;
        if (!message.empty() && message.back() != '\n' && message.back() != '\r')
            wrong("a message without a newline at its end was sent to its end");
    }

    // Gives what is after it: nothing where it was cut off, all where DATA was refused.
    std::string_view read_body(std::string_view written) {
        if (written.starts_with(body_)) {
            ends();
            return written.substr(body_.size());
        }
        if (body_.starts_with(written)) return {};
        const bool refused = written.starts_with("QUIT\r\n") || written.starts_with("RSET\r\n");
        if (!refused) wrong("the body on the wire is not the message");
        return written;
    }

    const SimulatedEnvironment& environment_;
    const std::string body_;  // with its end
    const std::string chunks_;
    std::size_t sent_ = 0;
    std::string previous_;
    bool in_clear_ = false;
    bool any_chunk_ = false;  // in this connection
    bool authenticated_ = false;
    std::vector<std::string> mechanisms_;  // that AUTH named
};

}  // namespace

Dialogue read_dialogue(const SimulatedEnvironment& environment, Connection& connection,
                       bool implicit) {
    const Peer::Heard heard = connection.peer->heard(implicit);
    Reading reading(environment);
    reading.read(heard.clear, true, heard.tls_begun && !implicit);
    reading.read(heard.secured, false, false);
    return std::move(reading.dialogue);
}

}  // namespace tern::test

// The laws of every delivery; see laws.hpp.
#include "support/laws.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "support/reference_body.hpp"

namespace tern::test {
namespace {

// A server may say these words as well: they count only where tern says them.
bool says_possible_duplicate(std::string_view words) {
    constexpr std::string_view died = " but connection died. ";
    const std::size_t at = words.find(died);
    return words.starts_with("Connected to ") && at != words.npos &&
           words.substr(at + died.size()).starts_with("Possible duplicate! ");
}

// With PIPELINING and CHUNKING the message is out before these replies are read.
bool says_refused_before_message(std::string_view words) {
    return words.starts_with("Giving up on ") ||
           words.substr(0, words.find('\n')).ends_with(" but sender was rejected.");
}

bool says_refused_after_message(std::string_view words) {
    return words.substr(std::min(words.find(' '), words.size()))
        .starts_with(" failed after I sent the message.\n");
}

/// The commands of one connection, read in the order of RFC 5321.
class Dialogue {
public:
    explicit Dialogue(const SimulatedWorld& world)
        : world_(world),
          body_(reference_body(world.message.content)),
          chunks_(reference_body(world.message.content, false)) {}

    bool end_of_data = false;
    bool by_chunks = false;
    std::string trouble;  ///< empty: every byte was in its place

    void read(std::string_view written, bool in_clear_before_tls) {
        previous_ = "";
        while (!written.empty() && trouble.empty()) {
            const std::size_t end = written.find("\r\n");
            if (end == written.npos) return;  // cut off; judged only when whole
            const std::string_view line = written.substr(0, end);
            written.remove_prefix(end + 2);
            command(line);
            if (previous_ == "DATA") return read_body(written);
            if (previous_ == "BDAT" && trouble.empty()) written = read_chunk(line, written);
        }
        if (in_clear_before_tls && previous_ != "STARTTLS") wrong("TLS begins without STARTTLS");
    }

private:
    void wrong(std::string words) {
        if (trouble.empty()) trouble = std::move(words);
    }

    void command(std::string_view line) {
        std::string verb(line.substr(0, line.find(' ')));
        static const std::vector<std::pair<std::string_view, std::string_view>> followers{
            {"", "EHLO QUIT"},     {"EHLO", "HELO STARTTLS MAIL QUIT"},
            {"HELO", "MAIL QUIT"}, {"STARTTLS", "MAIL QUIT"},
            {"MAIL", "RCPT QUIT"}, {"RCPT", "RCPT DATA BDAT QUIT"},
            {"BDAT", "BDAT QUIT"}, {"QUIT", ""}};
        const auto may_follow = std::ranges::find(followers, previous_, [](const auto& row) {
            return std::string(row.first);
        });
        if (may_follow == followers.end() || verb.empty() ||
            may_follow->second.find(verb) == std::string_view::npos)
            return wrong(text("\"", shown(line), "\" follows \"", previous_, "\""));
        if (std::ranges::any_of(line, is_control)) wrong("a control character in a command");
        if ((verb == "EHLO" || verb == "HELO") &&
            line != text(verb, " ", world_.settings.hello_name))
            wrong("another hello name");
        if (verb == "RCPT" && ++recipients_ > world_.recipients.size()) wrong("too many RCPTs");
        if (verb == "MAIL" || verb == "RCPT") {
            const std::string_view begin = verb == "MAIL" ? "MAIL FROM:<" : "RCPT TO:<";
            if (!line.starts_with(begin) || line.find('>') == line.npos)
                wrong(text("malformed: ", shown(line)));
        } else if (verb == "BDAT") {
            if (end_of_data) wrong("a chunk behind the last one");
        } else if (verb != "EHLO" && verb != "HELO" && line != verb) {
            wrong(text("a parameter too many: ", shown(line)));
        }
        previous_ = std::move(verb);
    }

    // Gives what is behind the chunk.
    std::string_view read_chunk(std::string_view line, std::string_view written) {
        by_chunks = true;
        const bool last = line.ends_with(" LAST");
        const auto size = leading_number(line.substr(std::min<std::size_t>(5, line.size())),
                                         chunks_.size() + 1);
        if (!size || line != text("BDAT ", *size, last ? " LAST" : "")) wrong("malformed BDAT");
        if (!trouble.empty()) return {};
        const std::string_view whole = std::string_view(chunks_).substr(sent_, *size);
        const std::string_view chunk = written.substr(0, *size);
        if (whole.size() != *size || !whole.starts_with(chunk))
            wrong("a chunk on the wire is not the message");
        sent_ += chunk.size();
        if (last && chunk.size() == *size) {
            ends();
            if (sent_ != chunks_.size()) wrong("the last chunk is not the end of the message");
        }
        return written.substr(chunk.size());
    }

    void ends() {
        end_of_data = true;
        const std::string& message = world_.message.content;
        if (!message.empty() && message.back() != '\n' && message.back() != '\r')
            wrong("a message without a newline at its end was sent to its end");
    }

    // Refused, or a message cut off, or a whole one; behind it at most QUIT.
    void read_body(std::string_view written) {
        constexpr std::string_view quit = "QUIT\r\n";
        if (quit.starts_with(written)) return;
        const std::string whole = body_ + ".\r\n";
        if (written.size() < whole.size()) {
            if (!whole.starts_with(written)) wrong("the body on the wire is not the message");
            return;
        }
        if (!written.starts_with(whole)) return wrong("the body on the wire is not the message");
        ends();
        if (!quit.starts_with(written.substr(whole.size())))
            wrong("something else than QUIT follows the message");
    }

    const SimulatedWorld& world_;
    const std::string body_;
    const std::string chunks_;
    std::size_t sent_ = 0;
    std::string previous_;
    std::size_t recipients_ = 0;
};

void check_form(SimulatedWorld& world, const Outcome& outcome) {
    Simulation& simulation = world.simulation;
    const std::string& bytes = outcome.rendered;
    if (bytes.empty() || bytes.back() != '\0') {
        simulation.complain("the report does not end with NUL");
        return;
    }
    for (const char c : bytes)
        if (is_control(c) && c != '\n' && c != '\t' && c != '\0')
            simulation.complain("a control character in the report");
    const std::vector<std::string> parts = parts_of(bytes);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const bool last = i + 1 == parts.size();
        const std::string_view letters = last ? "KZD" : "rhs";
        if (parts[i].empty() || letters.find(parts[i][0]) == letters.npos)
            simulation.complain(text("a report begins wrongly: ", shown(parts[i])));
        else if (parts[i][0] != 'r' && (parts[i].size() < 3 || parts[i].back() != '\n'))
            simulation.complain(text("a report says too little: ", shown(parts[i])));
        else if (parts[i][0] == 'r' && parts[i].size() > 1)
            simulation.complain("an accepted recipient's report has text");
    }
    if (parts.size() > world.recipients.size() + 1)
        simulation.complain("more recipient reports than recipients");
}

// Recipient reports in order, each one the server's word, or ours about the address itself.
void check_recipients(SimulatedWorld& world, const Outcome& outcome) {
    const auto said = [](const std::string& text, std::string_view words) {
        return text.find(words) != std::string::npos;
    };
    std::string letters;
    for (std::size_t i = 0; i < outcome.report->recipients.size(); ++i) {
        const auto& [letter, text] = outcome.report->recipients[i];
        if (letter == 'h' && said(text, "(#5.1.3)")) continue;
        if (letter == 'h' && said(text, "(#5.6.7)")) {
            if (std::ranges::none_of(world.recipients[i], is_8bit))
                world.simulation.complain("SMTPUTF8 is asked for without need");
            continue;
        }
        letters += letter;
        const std::string_view digit = letter == 'h' ? "5" : letter == 's' ? "4" : "";
        if (letter != 'r' && !said(text, tern::text("\nRemote host said: ", digit)))
            world.simulation.complain(
                tern::text("no server said so of a recipient: ", shown(text)));
    }
    bool raved = false;
    bool answered_so = letters.empty();
    for (const Connection& connection : world.connections) {
        const ServerRecord& record = connection.peer->record;
        raved = raved || record.raved;
        answered_so = answered_so || record.recipients.starts_with(letters);
    }
    if (!raved && !answered_so)
        world.simulation.complain(tern::text("no server answered the recipients with ", letters));
}

// The names whose addresses hold this one.
bool is_demanded(const SimulatedWorld& world, const Endpoint& endpoint) {
    const auto holds = [&](const auto& records, const std::string& name) {
        const auto found = records.find(name);
        return found != records.end() &&
               std::ranges::count(found->second.records, endpoint.address) > 0;
    };
    return std::ranges::any_of(world.rules.demanded, [&](const std::string& name) {
        return holds(world.resolver.ipv4_records, name) || holds(world.resolver.ipv6_records, name);
    });
}

void check_lost_or_doubled(SimulatedWorld& world, const Outcome& outcome,
                           const std::vector<bool>& ended, bool by_chunks) {
    Simulation& simulation = world.simulation;
    const bool written = std::ranges::count(ended, true) > 0;
    const char letter = static_cast<char>(outcome.report->letter);
    const std::string& words = outcome.report->text;
    if (outcome.end_of_data_written != written)
        simulation.complain(text("the end of data was ", written ? "" : "not ",
                                 "on the wire, but deliver() says otherwise"));
    for (std::size_t i = 0; i < ended.size(); ++i) {
        if (!ended[i]) continue;
        if (i + 1 != ended.size() || world.connections[i].dial + 1 != world.dials)
            simulation.complain("another way was tried after the end of data");
    }
    const bool says_duplicate = says_possible_duplicate(words);
    const bool refused = says_refused_after_message(words) ||
                         (by_chunks && says_refused_before_message(words));
    if (!written && says_duplicate) simulation.complain("a duplicate is feared without reason");
    // Whoever read the refusal of every recipient knows that nobody got the message.
    const auto& told = outcome.report->recipients;
    const bool nobody_has_it =
        by_chunks && told.size() == world.recipients.size() &&
        std::ranges::none_of(told, [](const auto& each) { return each.letter == 'r'; });
    if (written && letter != 'K' && !says_duplicate && !refused && !nobody_has_it)
        simulation.complain("the end of data was written and nobody is told");
    unsigned accepted = 0;
    bool raved = false;
    for (const Connection& connection : world.connections) {
        accepted += connection.peer->record.accepted_messages;
        raved = raved || connection.peer->record.raved;
    }
    if (accepted > 1) simulation.complain("the message was delivered twice");
    if (letter == 'K' && (!written || (accepted == 0 && !raved)))
        simulation.complain("K, and no server took the message");
    if (accepted > 0 && letter != 'K' && !says_duplicate && !raved)
        simulation.complain("a server took the message, and the sender is told otherwise");
    if (letter == 'K' && !raved && !world.connections.empty()) {
        std::string letters;
        for (const delivery::RecipientReport& recipient : outcome.report->recipients)
            if (recipient.text.find("(#5.1.3)") == std::string::npos &&
                recipient.text.find("(#5.6.7)") == std::string::npos)
                letters += recipient.letter;
        const std::string& said = world.connections.back().peer->record.recipients;
        if (letters != said)
            simulation.complain(text("the server answered the recipients with ", said,
                                     ", the report says ", letters));
    }
}

void check_bounds(SimulatedWorld& world, const Outcome& outcome) {
    const delivery::Settings& settings = world.settings;
    if (world.connections.size() > delivery::most_sessions)
        world.simulation.complain("too many sessions");
    if (world.dials > delivery::most_connections) world.simulation.complain("too many connections");
    const Duration look_ups = 21 * std::chrono::seconds(30);
    const Duration dials =
        delivery::most_connections * (2 * settings.timeout_connect + std::chrono::seconds(1));
    const auto waits = static_cast<long>(10 + world.recipients.size() +
                                         2 * world.message.content.size() / (32 * 1024) + 2);
    if (outcome.took > look_ups + dials + delivery::most_sessions * waits * settings.timeout_remote)
        world.simulation.complain("the delivery took too long");
}

}  // namespace

void check_laws(SimulatedWorld& world, const Outcome& outcome) {
    if (!outcome.report) return;  // complained of already
    check_form(world, outcome);
    check_recipients(world, outcome);
    std::vector<bool> ended;
    bool by_chunks = false;
    for (Connection& connection : world.connections) {
        constexpr std::uint16_t implicit_tls = 465;
        const bool implicit = connection.endpoint.port == implicit_tls;
        const Peer::Heard heard = connection.peer->heard(implicit);
        Dialogue dialogue(world);
        dialogue.read(heard.clear, heard.tls_begun && !implicit);
        dialogue.read(heard.secured, false);
        if (!dialogue.trouble.empty())
            world.simulation.complain(text(connection.peer->label(), ": ", dialogue.trouble));
        // A server that does not know BDAT has taken nothing: another way may follow.
        const ServerRecord& record = connection.peer->record;
        const bool void_chunks = record.knows_no_chunks && connection.dial + 1 < world.dials;
        ended.push_back(dialogue.end_of_data && !void_chunks);
        by_chunks = by_chunks || (ended.back() && dialogue.by_chunks);
        if ((implicit || is_demanded(world, connection.endpoint)) &&
            heard.clear.find("MAIL") != std::string::npos)
            world.simulation.complain(text(connection.peer->label(), ": in clear, against demand"));
    }
    check_lost_or_doubled(world, outcome, ended, by_chunks);
    check_bounds(world, outcome);
}

std::vector<std::string> parts_of(std::string_view rendered) {
    std::vector<std::string> parts;
    while (!rendered.empty()) {
        const std::size_t end = std::min(rendered.find('\0'), rendered.size());
        parts.emplace_back(rendered.substr(0, end));
        rendered.remove_prefix(std::min(end + 1, rendered.size()));
    }
    return parts;
}

std::string story_of(const SimulatedWorld& world, const Outcome& outcome) {
    std::string story = text("seed ", world.simulation.seed(), "\n");
    for (const std::string& complaint : world.simulation.complaints())
        story += text("  ", complaint, "\n");
    story += "report:\n";
    for (const std::string& part : parts_of(outcome.rendered))
        story += text("  ", shown(part, 600), "\n");
    return story + "transcript:\n" + world.simulation.transcript();
}

}  // namespace tern::test

// The laws of every delivery; see laws.hpp.
#include "support/laws.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "support/reference_body.hpp"

namespace tern::test {
namespace {

constexpr std::string_view possible_duplicate = "Possible duplicate!";

/// The commands of one connection, read in the order of RFC 5321.
class Dialogue {
public:
    Dialogue(const SimulatedWorld& world, std::string body) : world_(world), body_(std::move(body)) {}

    bool end_of_data = false;
    std::string trouble;  ///< empty: every byte was in its place

    void read(std::string_view written, bool in_clear_before_tls) {
        previous_ = "";
        while (!written.empty() && trouble.empty()) {
            const std::size_t end = written.find("\r\n");
            if (end == written.npos) return;  // cut off; judged only when whole
            const std::string_view line = written.substr(0, end);
            written.remove_prefix(end + 2);
            command(line);
            if (previous_ == "DATA") {
                read_body(written);
                return;
            }
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
            {"", "EHLO QUIT"},     {"EHLO", "HELO STARTTLS MAIL QUIT"}, {"HELO", "MAIL QUIT"},
            {"STARTTLS", "MAIL QUIT"}, {"MAIL", "RCPT QUIT"},           {"RCPT", "RCPT DATA QUIT"},
            {"QUIT", ""}};
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
        } else if (verb != "EHLO" && verb != "HELO" && line != verb) {
            wrong(text("a parameter too many: ", shown(line)));
        }
        previous_ = std::move(verb);
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
        end_of_data = true;
        if (!quit.starts_with(written.substr(whole.size())))
            wrong("something else than QUIT follows the message");
    }

    const SimulatedWorld& world_;
    const std::string body_;
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
                           const std::vector<bool>& ended) {
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
    const bool says_duplicate = words.find(possible_duplicate) != std::string::npos;
    const bool refused = words.find("failed after I sent the message") != std::string::npos;
    if (!written && says_duplicate) simulation.complain("a duplicate is feared without reason");
    if (written && letter != 'K' && !says_duplicate && !refused)
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
    const std::string body = reference_body(world.message.content);
    std::vector<bool> ended;
    for (Connection& connection : world.connections) {
        constexpr std::uint16_t implicit_tls = 465;
        const bool implicit = connection.endpoint.port == implicit_tls;
        const Peer::Heard heard = connection.peer->heard(implicit);
        Dialogue dialogue(world, body);
        dialogue.read(heard.clear, heard.tls_begun && !implicit);
        dialogue.read(heard.secured, false);
        if (!dialogue.trouble.empty())
            world.simulation.complain(text(connection.peer->label(), ": ", dialogue.trouble));
        ended.push_back(dialogue.end_of_data);
        if ((implicit || is_demanded(world, connection.endpoint)) &&
            heard.clear.find("MAIL") != std::string::npos)
            world.simulation.complain(text(connection.peer->label(), ": in clear, against demand"));
    }
    check_lost_or_doubled(world, outcome, ended);
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

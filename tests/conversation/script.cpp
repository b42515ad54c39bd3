// Reads conversation files; see script.hpp. How they are played is in play.cpp.
#include "conversation/script.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace tern::test {
namespace {

std::string_view take_word(std::string_view& rest) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    return word;
}

unsigned nibble(char c) {
    return is_digit(c) ? static_cast<unsigned>(c - '0')
                       : static_cast<unsigned>(to_lower(c) - 'a' + 10);
}

std::string unescaped(std::string_view words) {
    std::string bytes;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] != '\\' || i + 1 == words.size()) {
            bytes += words[i];
            continue;
        }
        const char c = words[++i];
        if (c == 'x' && i + 2 < words.size()) {
            bytes += static_cast<char>(nibble(words[i + 1]) * 16 + nibble(words[i + 2]));
            i += 2;
        } else {
            bytes += c == 'r' ? '\r' : c == 'n' ? '\n' : c;
        }
    }
    return bytes;
}

std::pair<std::string, std::string> halves_of(std::string_view words) {
    const std::size_t blank = std::min(words.find(' '), words.size());
    return {std::string(words.substr(0, blank)),
            std::string(words.substr(std::min(blank + 1, words.size())))};
}

std::chrono::seconds seconds_of(std::string_view words) {
    const auto number = leading_number(words, 1'000'000);
    if (!number) throw std::runtime_error(concat("no number: ", words));
    return std::chrono::seconds(*number);
}

Endpoint endpoint_of(std::string_view words) {
    Endpoint endpoint;
    std::string_view address = words;
    std::string_view port;
    if (words.starts_with('[')) {
        const std::size_t close = words.find(']');
        address = words.substr(1, close - 1);
        port = words.substr(std::min(words.size(), close + 1));
    } else if (std::ranges::count(words, ':') == 1) {
        address = words.substr(0, words.find(':'));
        port = words.substr(address.size());
    }
    const std::optional<IpAddress> parsed = IpAddress::parse(address);
    if (!parsed) throw std::runtime_error(concat("no IP address: ", words));
    endpoint.address = *parsed;
    if (port.starts_with(':'))
        endpoint.port =
            static_cast<std::uint16_t>(leading_number(port.substr(1), 65535).value_or(0));
    return endpoint;
}

std::pair<Step::Kind, Certificate> tls_step(std::string_view words) {
    if (words == "garbage") return {Step::Kind::tls_garbage, Certificate::good};
    if (words == "alert") return {Step::Kind::tls_alert, Certificate::good};
    if (words == "stalls") return {Step::Kind::tls_stalls, Certificate::good};
    static const std::vector<std::pair<std::string_view, Certificate>> certificates{
        {"", Certificate::good},
        {"wrong_name", Certificate::wrong_name},
        {"expired", Certificate::expired},
        {"self_signed", Certificate::self_signed},
        {"wants_client_certificate", Certificate::wants_client_certificate},
        {"asks_for_client_certificate", Certificate::asks_for_client_certificate}};
    for (const auto& [name, certificate] : certificates)
        if (words == name) return {Step::Kind::tls, certificate};
    throw std::runtime_error(concat("no such TLS: ", words));
}

bool matches(std::string_view line, std::string_view pattern) {
    if (!pattern.ends_with("...")) return line == pattern;
    return line.starts_with(pattern.substr(0, pattern.size() - 3));
}

// A report's lines against the expected ones. "r" has no newline, all others end with one.
bool matches_report(std::string_view part, std::string_view expected) {
    if (expected == "r") return part == "r";
    for (;;) {
        const std::size_t end = part.find('\n');
        const std::string_view pattern = expected.substr(0, expected.find('\n'));
        if (end == part.npos || !matches(part.substr(0, end), pattern)) return false;
        part.remove_prefix(end + 1);
        expected.remove_prefix(std::min(expected.size(), pattern.size() + 1));
        if (part.empty() || expected.empty()) return part.empty() && expected.empty();
    }
}

void read_step(std::vector<Step>& steps, std::string_view line, unsigned number) {
    Step step;
    step.line = number;
    if (line == "S: (challenge)") {
        step.kind = Step::Kind::challenges;
        steps.push_back(std::move(step));
        return;
    }
    if (line.starts_with("S: ") || line.starts_with("S*")) {
        unsigned times = 1;
        if (line[1] == '*') times = static_cast<unsigned>(seconds_of(line.substr(2)).count());
        const std::string words = unescaped(line.substr(line.find(": ") + 2)) + "\r\n";
        // Lines in a row are one write, and one step.
        if (!steps.empty() && steps.back().kind == Step::Kind::says) step = steps.back();
        else steps.emplace_back();
        for (unsigned i = 0; i < times; ++i) step.text += words;
        steps.back() = step;
        return;
    }
    if (line.starts_with("S~")) {
        step.kind = Step::Kind::drips;
        step.seconds = seconds_of(line.substr(2));
        step.text = unescaped(line.substr(line.find(": ") + 2)) + "\r\n";
    } else if (line == "C: (message)") {
        step.kind = Step::Kind::hears_message;
    } else if (line.starts_with("C: (AUTH ") && line.ends_with(')')) {
        step.kind = Step::Kind::hears_auth;
        step.text = line.substr(9, line.size() - 10);
    } else if (line == "C: (response)") {
        step.kind = Step::Kind::hears_response;
    } else if (line == "C: (chunk)" || line == "C: (last chunk)") {
        step.kind = Step::Kind::hears_chunk;
        step.text = line;
    } else if (line == "C: (no end of data)") {
        step.kind = Step::Kind::hears_no_end;
    } else if (line == "C: (closes)") {
        step.kind = Step::Kind::hears_close;
    } else if (line == "C: (anything)") {
        step.kind = Step::Kind::hears_any;
    } else if (line.starts_with("C: ")) {
        step.kind = Step::Kind::hears;
        step.text = unescaped(line.substr(3));
    } else if (line == "TLS" || line.starts_with("TLS ")) {
        std::tie(step.kind, step.certificate) = tls_step(line.size() > 4 ? line.substr(4) : "");
    } else if (line == "HANGS UP") {
        step.kind = Step::Kind::hangs_up;
    } else if (line == "RESETS") {
        step.kind = Step::Kind::resets;
    } else if (line == "MUTE") {
        step.kind = Step::Kind::mute;
    } else if (line == "DEAF") {
        step.kind = Step::Kind::deaf;
    } else if (line.starts_with("WAITS ")) {
        step.kind = Step::Kind::waits;
        step.seconds = seconds_of(line.substr(6));
    } else {
        throw std::runtime_error(concat("no such line: ", line));
    }
    steps.push_back(std::move(step));
}

// Keeps the script for as long as it is played.
Task<Done> plays_all(std::shared_ptr<const ServerScript> script, Peer& peer) {
    const Fault none;
    co_return co_await play(*script, none, peer);
}

}  // namespace

Conversation Conversation::read(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error(concat(path, " cannot be read"));
    Conversation conversation;
    std::string line;
    for (unsigned number = 1; std::getline(file, line); ++number) {
        try {
            conversation.read_line(line, number);
        } catch (const std::exception& trouble) {
            throw std::runtime_error(concat(path, ":", number, ": ", trouble.what()));
        }
    }
    if (conversation.expected_.empty())
        throw std::runtime_error(concat(path, ": expects no report"));
    for (ServerScript& server : conversation.servers_) {
        const std::string address = server.endpoint.address.to_string();
        for (const auto& [word, rest] : conversation.setup_) {
            if (word == "zone" && rest.ends_with(" " + address))
                server.name = rest.substr(0, rest.find(' '));
            if (word == "account") std::tie(server.user, server.secret) = halves_of(rest);
        }
    }
    return conversation;
}

void Conversation::read_line(std::string_view line, unsigned number) {
    if (line.empty() || line.starts_with('#')) return;
    if (line.starts_with("R: ")) {
        expected_.push_back(unescaped(line.substr(3)));
    } else if (line.starts_with("R+ ")) {
        if (expected_.empty()) throw std::runtime_error("R+ without R:");
        expected_.back() += "\n" + unescaped(line.substr(3));
    } else if (line.starts_with('|')) {
        const bool partial = line.starts_with("|-");
        std::string_view words = line.substr(partial ? 2 : 1);
        long times = 1;
        if (words.starts_with('*')) {
            times = seconds_of(words.substr(1, words.find(' ') - 1)).count();
            words.remove_prefix(std::min(words.find(' '), words.size()));
        }
        if (words.starts_with(' ')) words.remove_prefix(1);
        has_message_ = true;
        for (long i = 0; i < times; ++i) message_ += unescaped(words) + (partial ? "" : "\n");
    } else if (line.starts_with("server ")) {
        ServerScript server;
        server.endpoint = endpoint_of(line.substr(7));
        server.line = number;
        servers_.push_back(std::move(server));
    } else if (!servers_.empty()) {
        read_step(servers_.back().steps, line, number);
    } else {
        std::string_view rest = line;
        const std::string_view word = take_word(rest);
        setup_.emplace_back(word, rest);
    }
}

Script playing(std::string_view lines) {
    const auto script = std::make_shared<ServerScript>();
    for (unsigned number = 1; !lines.empty(); ++number) {
        std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ')));
        if (!line.empty()) read_step(script->steps, line, number);
    }
    script->name = "mx.example.net";
    static constexpr Step::Kind ends[] = {Step::Kind::hangs_up, Step::Kind::resets,
                                          Step::Kind::mute, Step::Kind::deaf};
    if (script->steps.empty() || std::ranges::count(ends, script->steps.back().kind) == 0)
        read_step(script->steps, "MUTE", 0);
    return [script](Peer& peer) { return plays_all(script, peer); };
}

bool Conversation::expects(const std::vector<std::string>& parts) const {
    return std::ranges::equal(parts, expected_, matches_report);
}

namespace {

void read_zone(std::string_view rest, SimulatedEnvironment& environment) {
    const std::string name(take_word(rest));
    const std::string type(take_word(rest));
    dns::Answer<dns::Mx>* mx = type == "MX" ? &environment.records.mx[name] : nullptr;
    dns::Answer<IpAddress>* addresses = type == "A"      ? &environment.records.ipv4[name]
                                        : type == "AAAA" ? &environment.records.ipv6[name]
                                                         : nullptr;
    if (type == "unanswered") {
        environment.records.unanswered.insert(name);
    } else if (rest == "fails") {
        return;  // an entry without records
    } else if (addresses != nullptr && (rest == "unanswered" || rest.starts_with("after "))) {
        auto& delays =
            type == "A" ? environment.records.ipv4_delays : environment.records.ipv6_delays;
        const bool never = take_word(rest) == "unanswered";
        delays[name] = never ? Duration::max()
                             : Duration(std::chrono::milliseconds(seconds_of(rest).count()));
    } else if (rest == "none") {
        if (addresses != nullptr) addresses->outcome = dns::Outcome::no_data;
    } else if (mx != nullptr) {
        const auto preference = static_cast<std::uint16_t>(seconds_of(take_word(rest)).count());
        environment.add_exchanger(name, preference, rest == "." ? "" : std::string(rest));
    } else if (addresses != nullptr) {
        addresses->outcome = dns::Outcome::found;
        addresses->records.push_back(endpoint_of(rest).address);
    } else {
        throw std::runtime_error(concat("no such record: ", type));
    }
}

Host& host_at(SimulatedEnvironment& environment, std::string_view words) {
    return environment.hosts[endpoint_of(words)];
}

// `example.org relay=mx.example`: one line of the file that stands for the host.
void add_to_route_file(SimulatedEnvironment& environment, std::string_view words) {
    const auto [name, line] = halves_of(words);
    auto& file = environment.settings.routes.of_domain;
    if (!file) file = routing::RouteFiles::OfDomain{concat("control/smtproutes.d/", name), ""};
    file->content += line + "\n";
}

routing::FamilyChoice families_of(std::string_view word) {
    using routing::FamilyChoice;
    if (word == "ipv4") return FamilyChoice::ipv4_first;
    if (word == "ipv6") return FamilyChoice::ipv6_first;
    if (word == "ipv4only") return FamilyChoice::ipv4_only;
    if (word == "ipv6only") return FamilyChoice::ipv6_only;
    throw std::runtime_error(concat("no such preference: ", word));
}

// The words after a blank, where the line has no '|': `relay:port user password`.
std::optional<std::string_view> password_after_blanks(std::string_view line) {
    const std::size_t last = line.find_last_of(" \t");
    if (last == line.npos || line.find('|') != line.npos) return std::nullopt;
    return line.substr(last + 1);
}

// What the laws must know of a line: its password, the hello name that it gives.
void note_for_laws(SimulatedEnvironment& environment, std::string_view word,
                   std::string_view rest) {
    const std::size_t user = rest.find('|');
    const bool may_log_in =
        word == "smtproutes" || word == "authsenders" || word == "smtproutes.d";
    if (word == "helohostbyip") {
        environment.hello_names.emplace(rest.substr(rest.rfind(':') + 1));
    } else if (word == "domainips" && user != rest.npos) {
        environment.hello_names.emplace(rest.substr(user + 1));
    } else if (word == "tokenfile") {
        environment.secrets.push_back(halves_of(rest).second);
    } else if (word == "smtproutes" && password_after_blanks(rest)) {
        environment.must_authenticate = true;
        environment.secrets.emplace_back(*password_after_blanks(rest));
    } else if (may_log_in && user != rest.npos) {
        environment.must_authenticate = true;
        const std::string_view password = rest.substr(rest.find('|', user + 1) + 1);
        if (!password.starts_with("token:")) environment.secrets.emplace_back(password);
    }
}

void set_up(SimulatedEnvironment& environment, std::string_view word, std::string_view rest) {
    if (word == "host") environment.host = rest;
    else if (word == "from") environment.sender = unescaped(rest);
    else if (word == "to") environment.recipients.push_back(unescaped(rest));
    else if (word == "helohost") environment.settings.hello_name = rest;
    else if (word == "timeoutconnect") environment.settings.timeout_connect = seconds_of(rest);
    else if (word == "timeoutremote") environment.settings.timeout_remote = seconds_of(rest);
    else if (word == "tlsclientciphers") environment.settings.tls.ciphers = rest;
    else if (word == "clientcert") environment.settings.tls.certificate_file = rest;
    else if (word == "smtproutes") environment.settings.routes.smtproutes += concat(rest, "\n");
    else if (word == "authsenders") environment.settings.routes.authsenders += concat(rest, "\n");
    else if (word == "qmtproutes") environment.settings.routes.qmtproutes += concat(rest, "\n");
    else if (word == "outgoingip") environment.settings.sources.outgoingip = rest;
    else if (word == "outgoingip6") environment.settings.sources.outgoingip6 = rest;
    else if (word == "domainips") environment.settings.sources.domainips += concat(rest, "\n");
    else if (word == "helohostbyip")
        environment.settings.sources.helohostbyip += concat(rest, "\n");
    else if (word == "ignoreextensions")
        environment.settings.ignoreextensions += concat(rest, "\n");
    else if (word == "authmechanisms") environment.settings.authmechanisms = rest;
    else if (word == "smtproutes.d") add_to_route_file(environment, rest);
    else if (word == "chunksizeremote")
        environment.settings.chunk_size = static_cast<std::size_t>(seconds_of(rest).count());
    else if (word == "timeoutdns") environment.settings.timeout_dns = seconds_of(rest);
    else if (word == "addresspreference") environment.settings.families = families_of(rest);
    else if (word == "tokenfile") environment.server_files.token_files.emplace(halves_of(rest));
    else if (word == "tlshosts") environment.server_files.required.emplace(rest);
    else if (word == "unreadablehosts") environment.server_files.unreadable.emplace(rest);
    else if (word == "notlshosts") environment.server_files.excluded.emplace(rest);
    else if (word == "exhaustivelist") environment.server_files.exhaustive = true;
    else if (word == "account") return;  // the servers know it
    else if (word == "elsewhere") environment.elsewhere.insert(endpoint_of(rest));
    else if (word == "zone") read_zone(rest, environment);
    else if (word == "ourselves")
        environment.local_addresses.ours.insert(endpoint_of(rest).address);
    else if (word == "silent") host_at(environment, rest).behaviour = Host::Behaviour::silent;
    else if (word == "refuses") host_at(environment, rest).behaviour = Host::Behaviour::refuses;
    else if (word == "nodescriptors")
        host_at(environment, rest).behaviour = Host::Behaviour::no_descriptors;
    else if (word == "backoff") environment.timeouts.skipped.insert(endpoint_of(rest).address);
    else if (word == "pipe") environment.message.pipe = true;
    else if (word == "unreadable")
        environment.message.fails_at = static_cast<std::size_t>(seconds_of(rest).count());
    else throw std::runtime_error(concat("no such line: ", word, " ", rest));
}

}  // namespace

std::unique_ptr<SimulatedEnvironment> Conversation::environment(std::uint64_t seed,
                                                          const Fault& fault) const {
    auto environment = std::make_unique<SimulatedEnvironment>(seed);
    const auto names_recipients = [](const auto& line) { return line.first == "to"; };
    if (std::ranges::any_of(setup_, names_recipients)) environment->recipients.clear();
    for (const auto& [word, rest] : setup_) {
        set_up(*environment, word, rest);
        note_for_laws(*environment, word, rest);
    }
    if (!environment->hello_names.empty())
        environment->hello_names.insert(environment->settings.hello_name);
    if (has_message_) environment->message.content = message_;
    for (std::size_t i = 0; i < servers_.size(); ++i) {
        const auto here = std::make_shared<const Fault>(fault.server == i ? fault : Fault());
        environment->hosts[servers_[i].endpoint].scripts.push_back(
            [script = &servers_[i], here](Peer& peer) { return play(*script, *here, peer); });
    }
    return environment;
}

}  // namespace tern::test

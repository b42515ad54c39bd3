// Counts and lines under one lock. What is wrong is written to standard error, the first times.
#include "sink/journal.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "sink/json.hpp"

namespace tern::sink {

namespace {

// A client that is wrong is wrong all the time; more lines than this say nothing new.
constexpr std::uint64_t most_told = 20;

bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
        if (count < 0 && errno != EINTR) return false;
        if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

}  // namespace

Journal::Journal(JournalSettings settings, std::function<void()> enough)
    : settings_(std::move(settings)), enough_(std::move(enough)) {
    if (settings_.log == "-") {
        logs_to_output_ = true;
    } else if (!settings_.log.empty()) {
        constexpr mode_t mode = 0644;
        log_ = Descriptor(
            ::open(settings_.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode));
        if (!log_) throw std::runtime_error(settings_.log + ": " + std::strerror(errno));
    }
}

void Journal::append(std::string_view line) {
    if (!has_log()) return;
    log_line_.assign(line);
    log_line_ += '\n';
    if (write_all(logs_to_output_ ? STDOUT_FILENO : log_.get(), log_line_)) return;
    ++counts_.troubles;
    warn(std::string("the log cannot be written: ") + std::strerror(errno));
}

void Journal::warn(std::string_view words) {
    if (++told_ > most_told) return;
    std::string line("tern-sink: ");
    line += words;
    line += told_ == most_told ? "; more is only counted\n" : "\n";
    // Where standard error fails as well only the exit status remains.
    static_cast<void>(write_all(STDERR_FILENO, line));
}

std::uint64_t Journal::connection_opened() {
    const std::lock_guard lock(mutex_);
    return ++counts_.connections;
}

void Journal::connection_ended(const ConnectionEnd& end) {
    const std::lock_guard lock(mutex_);
    if (end.in_message) ++counts_.lost_in_message;
    if (!end.said_quit) ++counts_.ended_without_quit;
    if (end.by_idle_limit) ++counts_.idle;
}

void Journal::connection_turned_away() {
    const std::lock_guard lock(mutex_);
    ++counts_.turned_away;
}

void Journal::handshake_ended(bool well) {
    const std::lock_guard lock(mutex_);
    ++(well ? counts_.handshakes : counts_.handshakes_failed);
}

void Journal::message(std::string_view line, bool accepted, std::uint64_t recipients,
                      std::uint64_t bytes) {
    bool enough = false;
    {
        const std::lock_guard lock(mutex_);
        append(line);
        ++(accepted ? counts_.messages : counts_.refused);
        counts_.recipients += recipients;
        counts_.bytes += bytes;
        enough = !was_enough_ && settings_.enough_messages != 0 &&
                 counts_.messages + counts_.refused >= settings_.enough_messages;
        was_enough_ = was_enough_ || enough;
    }
    if (enough) enough_();
}

void Journal::violation(Violation kind, std::uint64_t times, std::uint64_t connection,
                        std::string_view who, std::string_view detail) {
    const std::lock_guard lock(mutex_);
    counts_.violations.add(kind, times);
    if (settings_.tolerated[static_cast<std::size_t>(kind)]) return;
    const std::string_view name = violation_names[static_cast<std::size_t>(kind)];
    std::string words("connection ");
    words += std::to_string(connection);
    for (const std::string_view part : {std::string_view(" from "), who, std::string_view(": "),
                                        name, std::string_view(": "), detail})
        words += part;
    warn(words);
    if (!has_log() || told_ > most_told) return;
    JsonWriter json;
    json.open_object();
    json.field("event", "violation");
    json.field("connection", connection);
    json.field("kind", name);
    json.field("times", times);
    json.field("detail", detail);
    json.close_object();
    append(json.text());
}

void Journal::trouble(std::string_view what) {
    const std::lock_guard lock(mutex_);
    ++counts_.troubles;
    warn(what);
}

void Journal::write_log(std::string_view line) {
    const std::lock_guard lock(mutex_);
    append(line);
}

bool Journal::wrong() const {
    for (std::size_t kind = 0; kind < violation_kinds; ++kind)
        if (counts_.violations.at(kind) != 0 && !settings_.tolerated[kind]) return true;
    return counts_.troubles != 0 || counts_.messages + counts_.refused < settings_.enough_messages;
}

bool Journal::anything_wrong() const {
    const std::lock_guard lock(mutex_);
    return wrong();
}

std::string Journal::summary_json() const {
    const std::lock_guard lock(mutex_);
    JsonWriter json;
    json.open_object();
    json.field("event", "summary");
    json.field("messages", counts_.messages);
    json.field("messages_refused", counts_.refused);
    json.field("recipients", counts_.recipients);
    json.field("bytes", counts_.bytes);
    json.field("connections", counts_.connections);
    json.field("turned_away", counts_.turned_away);
    json.field("ended_without_quit", counts_.ended_without_quit);
    json.field("lost_in_message", counts_.lost_in_message);
    json.field("ended_by_idle_limit", counts_.idle);
    json.field("handshakes", counts_.handshakes);
    json.field("handshakes_failed", counts_.handshakes_failed);
    json.field("troubles", counts_.troubles);
    json.key("violations");
    json.open_object();
    for (std::size_t kind = 0; kind < violation_kinds; ++kind)
        json.field(violation_names[kind], counts_.violations.at(kind));
    json.close_object();
    json.field("ok", !wrong());
    json.close_object();
    return json.text();
}

std::string Journal::summary() const {
    const std::lock_guard lock(mutex_);
    std::string text =
        std::to_string(counts_.messages) + " messages (" + std::to_string(counts_.bytes) +
        " bytes, " + std::to_string(counts_.recipients) + " recipients), " +
        std::to_string(counts_.refused) + " refused, " + std::to_string(counts_.connections) +
        " connections, " + std::to_string(counts_.handshakes) + " in TLS";
    const std::array<std::pair<const char*, std::uint64_t>, 5> rare = {{
        {"handshakes failed", counts_.handshakes_failed},
        {"connections turned away", counts_.turned_away},
        {"lost in a message", counts_.lost_in_message},
        {"ended by the idle limit", counts_.idle},
        {"troubles", counts_.troubles},
    }};
    for (const auto& [words, count] : rare)
        if (count != 0) text += "; " + std::to_string(count) + " " + words;
    for (std::size_t kind = 0; kind < violation_kinds; ++kind)
        if (const std::uint64_t count = counts_.violations.at(kind); count != 0) {
            text += "; " + std::to_string(count) + " ";
            text += violation_names[kind];
        }
    text += wrong() ? "; NOT AS IT SHOULD BE" : "; all as it should be";
    return text;
}

}  // namespace tern::sink

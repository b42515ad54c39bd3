// What happened in the whole run: the log, the counts, whether anything was wrong, and when it is
// enough. Shared by all threads; every function may be called from any of them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "sink/body_store.hpp"
#include "sink/descriptor.hpp"
#include "sink/violations.hpp"

namespace tern::sink {

struct JournalSettings {
    std::string log;                    ///< a file to append to, `-` for standard output, or empty
    std::uint64_t enough_messages = 0;  ///< 0: never enough
    Expectation expectation;
    std::array<bool, violation_kinds> tolerated{};
};

/// How one connection ended.
struct ConnectionEnd {
    bool in_message = false;  ///< while a message's text was on its way
    bool said_quit = false;
    bool by_idle_limit = false;
};

class Journal {
public:
    /// `enough` is called once, when the last message wanted has been answered. Throws
    /// std::runtime_error when the log cannot be opened.
    Journal(JournalSettings settings, std::function<void()> enough);

    const Expectation& expectation() const { return settings_.expectation; }
    bool has_log() const { return static_cast<bool>(log_) || logs_to_output_; }

    /// Gives the number of the connection, counted from 1.
    std::uint64_t connection_opened();
    void connection_ended(const ConnectionEnd& end);
    void connection_turned_away();
    void handshake_ended(bool well);

    /// One more message was read to its end; `line` is its record, without newline.
    void message(std::string_view line, bool accepted, std::uint64_t recipients,
                 std::uint64_t bytes);

    /// Something went against the rules. `who` and `detail` are for people.
    void violation(Violation kind, std::uint64_t times, std::uint64_t connection,
                   std::string_view who, std::string_view detail);

    /// Our own trouble: a message could not be kept.
    void trouble(std::string_view what);

    /// One more line for the log, without newline.
    void write_log(std::string_view line);

    /// Whether a rule that is not tolerated was broken, or there was trouble, or fewer messages
    /// came than were waited for.
    bool anything_wrong() const;

    /// The counts, for people or as one JSON object, without newline.
    std::string summary() const;
    std::string summary_json() const;

private:
    struct Counts {
        std::uint64_t connections = 0;
        std::uint64_t turned_away = 0;
        std::uint64_t lost_in_message = 0;
        std::uint64_t ended_without_quit = 0;
        std::uint64_t idle = 0;
        std::uint64_t handshakes = 0;
        std::uint64_t handshakes_failed = 0;
        std::uint64_t messages = 0;
        std::uint64_t refused = 0;
        std::uint64_t recipients = 0;
        std::uint64_t bytes = 0;
        std::uint64_t troubles = 0;
        ViolationCounts violations;
    };

    void append(std::string_view line);
    void warn(std::string_view words);
    bool wrong() const;

    JournalSettings settings_;
    std::function<void()> enough_;
    Descriptor log_;
    bool logs_to_output_ = false;
    std::string log_line_;
    mutable std::mutex mutex_;
    Counts counts_;
    std::uint64_t told_ = 0;
    bool was_enough_ = false;
};

}  // namespace tern::sink

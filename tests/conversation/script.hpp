// A conversation file (README.md here describes its lines) as values, and as a simulated
// environment.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "support/simulated_environment.hpp"

namespace tern::test {

/// One line of a server, or several S: in a row.
struct Step {
    enum class Kind {
        says,
        drips,
        hears,
        hears_any,       ///< one line, whatever it is
        hears_auth,      ///< AUTH with the mechanism `text`
        hears_response,
        challenges,
        hears_message,
        hears_chunk,
        hears_no_end,
        hears_close,
        tls,
        tls_garbage,
        tls_alert,
        tls_stalls,
        hangs_up,
        resets,
        mute,
        deaf,
        waits,
    };
    Kind kind = Kind::says;
    std::string text;
    unsigned line = 0;
    std::chrono::seconds seconds{};
    Certificate certificate = Certificate::good;
};

struct ServerScript {
    Endpoint endpoint;
    std::string name;  ///< the one whose addresses hold it; for its certificate
    std::vector<Step> steps;
    unsigned line = 0;
    std::string user;  ///< whom AUTH lets in
    std::string secret;
};

/// What goes wrong at one step of one server; `none` plays as written.
struct Fault {
    enum class Kind {
        none,
        hangs_up,
        resets,
        mute,
        deaf,
        half_and_hangs_up,  ///< `part` of what it has to say
        half_and_mute,
        garbage_instead,
        garbage_before,
        garbage_after,
        interrupts,         ///< says something in the middle of the message, reads on
        splits,             ///< no fault: `at` bytes, a moment later the rest
    };
    Kind kind = Kind::none;
    std::size_t server = 0;
    std::size_t step = 0;
    std::string words;       ///< the garbage
    double part = 0.5;
    std::size_t at = 0;
};

/// Plays the server's part. Both must outlive the task.
Task<Done> play(const ServerScript& script, const Fault& fault, Peer& peer);

/// A server as the lines of a conversation file, for tests without a file; blanks before a
/// line mean nothing. It falls silent after the last one, unless that says how it ends.
[[nodiscard]] Script playing(std::string_view lines);

class Conversation {
public:
    /// Reads a file; throws std::runtime_error with its name and line for what it cannot read.
    [[nodiscard]] static Conversation read(const std::string& path);

    /// The environment of this file, its servers playing their scripts, with a fault in one.
    [[nodiscard]] std::unique_ptr<SimulatedEnvironment> environment(std::uint64_t seed,
                                                        const Fault& fault) const;
    /// Every way in which a server can go wrong at every line.
    [[nodiscard]] std::vector<Fault> faults() const;
    /// Every way to part what a server says, in its turn, into two.
    [[nodiscard]] std::vector<Fault> splits() const;
    /// Whether `report` (its parts) is the one of the file.
    [[nodiscard]] bool expects(const std::vector<std::string>& parts) const;

    [[nodiscard]] const std::vector<ServerScript>& servers() const { return servers_; }

private:
    void read_line(std::string_view line, unsigned number);

    std::vector<std::pair<std::string, std::string>> setup_;
    std::string message_;
    bool has_message_ = false;
    std::vector<ServerScript> servers_;
    std::vector<std::string> expected_;
};

}  // namespace tern::test

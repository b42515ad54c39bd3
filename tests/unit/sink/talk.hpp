// A conversation without a wire: what the client says goes in, what the receiver says comes out.
// For tests of the conversation alone.
#pragma once

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "sink/conversation.hpp"
#include "support/directory.hpp"

namespace tern::sink::test {

/// Everything offered but AUTH and LIMITS.
inline Settings usual_settings() {
    Settings settings;
    settings.name = "mx.example";
    for (std::size_t i = 0; i < extension_kinds; ++i)
        settings.offered.set(static_cast<Extension>(i));
    settings.offered.set(Extension::auth, false);
    settings.offered.set(Extension::limits, false);
    return settings;
}

/// A journal whose log can be read, that writes nothing to standard error.
struct Logged {
    Logged() : Logged(Expectation()) {}
    explicit Logged(Expectation expectation)
        : path(directory_.path("log")), journal(settings_of(path, expectation), [] {}) {}

    std::string log() const {
        std::ifstream file(path);
        std::ostringstream content;
        content << file.rdbuf();
        return content.str();
    }

    /// How often a rule was broken.
    unsigned long times(Violation kind) const {
        const std::string summary = journal.summary_json();
        const std::string name =
            "\"" + std::string(violation_names[static_cast<std::size_t>(kind)]) + "\":";
        return std::strtoul(summary.c_str() + summary.find(name) + name.size(), nullptr, 10);
    }

    /// How often any was.
    unsigned long faults() const {
        unsigned long sum = 0;
        for (std::size_t kind = 0; kind < violation_kinds; ++kind)
            sum += times(static_cast<Violation>(kind));
        return sum;
    }

private:
    const tern::test::Directory directory_;

public:
    const std::string path;
    Journal journal;

private:
    static JournalSettings settings_of(const std::string& path, const Expectation& expectation) {
        JournalSettings settings;
        settings.log = path;
        settings.expectation = expectation;
        settings.tolerated.fill(true);
        return settings;
    }
};

class Talk {
public:
    explicit Talk(const Settings& settings, Logged& logged)
        : conversation(settings, logged.journal, {"192.0.2.9:999", "192.0.2.1:25"}, false) {
        conversation.greet();
        greeting = take_output();
    }

    /// The client sends these bytes in one go; gives what comes back.
    std::string send(std::string_view bytes) {
        conversation.input_arrived();
        conversation.take(bytes);
        return take_output();
    }

    /// The client says a line; gives the reply without its last CR LF.
    std::string say(std::string_view line) {
        std::string reply = send(std::string(line) + "\r\n");
        if (reply.size() >= 2) reply.resize(reply.size() - 2);
        return reply;
    }

    std::string take_output() { return std::exchange(conversation.output(), std::string()); }

    Conversation conversation;
    std::string greeting;
};

}  // namespace tern::sink::test

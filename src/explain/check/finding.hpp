// What a check found: which file and line, how bad, what, and the cure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tern::explain {

enum class Severity {
    error,    ///< mail is deferred because of it, all or some, or sent with less than it requires
    warning,  ///< mail is sent, but perhaps not as intended, or a secret is exposed
    note,     ///< worth knowing
};

struct Finding {
    Severity severity;
    std::string file;  ///< relative to qmail's home, or absolute
    std::size_t line;  ///< from 1; 0: the file as a whole
    std::string what;
    std::string cure;  ///< how to fix it; empty where `what` says it

    friend bool operator==(const Finding&, const Finding&) = default;
};

/// Collects them.
class Findings {
public:
    void error(std::string file, std::string what, std::string cure = {}) {
        add(Severity::error, std::move(file), 0, std::move(what), std::move(cure));
    }
    void warning(std::string file, std::string what, std::string cure = {}) {
        add(Severity::warning, std::move(file), 0, std::move(what), std::move(cure));
    }
    void note(std::string file, std::string what, std::string cure = {}) {
        add(Severity::note, std::move(file), 0, std::move(what), std::move(cure));
    }
    void add(Severity severity, std::string file, std::size_t line, std::string what,
             std::string cure) {
        Finding finding{severity, std::move(file), line, std::move(what), std::move(cure)};
        list_.push_back(std::move(finding));
    }

    [[nodiscard]] const std::vector<Finding>& list() const { return list_; }
    [[nodiscard]] std::vector<Finding> take() { return std::move(list_); }

private:
    std::vector<Finding> list_;
};

}  // namespace tern::explain

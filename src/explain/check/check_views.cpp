// Findings for people and for programs; see check.hpp.
#include "base/text.hpp"
#include "explain/check/check.hpp"
#include "explain/show/json.hpp"
#include "explain/show/printable.hpp"

namespace tern::explain {
namespace {

std::string_view word_of(Severity severity) {
    switch (severity) {
        case Severity::error: return "error";
        case Severity::warning: return "warning";
        default: return "note";
    }
}

std::string painted(Severity severity, const Paint& paint) {
    const std::string_view word = word_of(severity);
    if (severity == Severity::error) return paint.bad(word);
    return severity == Severity::warning ? paint.warning(word) : paint.ours(word);
}

struct Counts {
    std::size_t errors = 0;
    std::size_t warnings = 0;
    std::size_t notes = 0;
};

Counts count(const std::vector<Finding>& findings) {
    Counts counts;
    for (const Finding& finding : findings) {
        switch (finding.severity) {
            case Severity::error: ++counts.errors; break;
            case Severity::warning: ++counts.warnings; break;
            case Severity::note: ++counts.notes; break;
        }
    }
    return counts;
}

std::string counted(std::size_t number, std::string_view what) {
    return concat(number, " ", what, number == 1 ? "" : "s");
}

}  // namespace

std::string check_text(const std::vector<Finding>& findings, const Paint& paint) {
    std::string shown;
    for (const Finding& finding : findings) {
        std::string place = printable(finding.file);
        if (finding.line > 0) place += concat(":", finding.line);
        shown += concat(paint.heading(place), ": ", painted(finding.severity, paint), ": ",
                        printable(finding.what));
        if (!finding.cure.empty()) shown += concat("; ", printable(finding.cure));
        shown += "\n";
    }
    const Counts counts = count(findings);
    const std::string sum =
        concat(counted(counts.errors, "error"), ", ", counted(counts.warnings, "warning"), ", ",
               counted(counts.notes, "note"));
    return concat(shown, any_mistake(findings) ? sum : paint.good(sum), "\n");
}

std::string check_json(const std::vector<Finding>& findings) {
    const Counts counts = count(findings);
    Json json = Json::object();
    json["good"] = !any_mistake(findings);
    json["errors"] = counts.errors;
    json["warnings"] = counts.warnings;
    json["notes"] = counts.notes;
    json["findings"] = Json::array();
    for (const Finding& finding : findings) {
        Json one = Json::object();
        one["severity"] = word_of(finding.severity);
        one["file"] = printable(finding.file);
        if (finding.line > 0) one["line"] = finding.line;
        one["what"] = printable(finding.what);
        if (!finding.cure.empty()) one["cure"] = printable(finding.cure);
        json["findings"].push_back(std::move(one));
    }
    return json.dump(2) + "\n";
}

}  // namespace tern::explain

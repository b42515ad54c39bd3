// The form of a report, whatever it says; see laws.hpp.
#include "base/ascii.hpp"
#include "base/text.hpp"
#include "support/laws.hpp"

namespace tern::test {

void check_form(SimulatedEnvironment& environment, const Outcome& outcome) {
    Simulation& simulation = environment.simulation;
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
            simulation.complain(concat("a report begins wrongly: ", shown(parts[i])));
        else if (parts[i][0] != 'r' && (parts[i].size() < 3 || parts[i].back() != '\n'))
            simulation.complain(concat("a report says too little: ", shown(parts[i])));
        else if (parts[i][0] == 'r' && parts[i].size() > 1)
            simulation.complain("an accepted recipient's report has text");
    }
    if (parts.size() > environment.recipients.size() + 1)
        simulation.complain("more recipient reports than recipients");
}

}  // namespace tern::test

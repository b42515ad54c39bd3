// What a failing test prints; see laws.hpp.
#include "base/text.hpp"
#include "support/laws.hpp"

namespace tern::test {

std::vector<std::string> parts_of(std::string_view rendered) {
    std::vector<std::string> parts;
    while (!rendered.empty()) {
        const std::size_t end = std::min(rendered.find('\0'), rendered.size());
        parts.emplace_back(rendered.substr(0, end));
        rendered.remove_prefix(std::min(end + 1, rendered.size()));
    }
    return parts;
}

std::string story_of(const SimulatedEnvironment& environment, const Outcome& outcome) {
    std::string story = concat("seed ", environment.simulation.seed(), "\n");
    for (const std::string& complaint : environment.simulation.complaints())
        story += concat("  ", complaint, "\n");
    story += "report:\n";
    for (const std::string& part : parts_of(outcome.rendered))
        story += concat("  ", shown(part, 600), "\n");
    return story + "transcript:\n" + environment.simulation.transcript();
}

}  // namespace tern::test

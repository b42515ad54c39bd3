// The laws that hold in every delivery whatever the servers do (contract.md#lost-or-doubled
// above all), checked on what crossed the wire and on the report.
#pragma once

#include "support/simulated_environment.hpp"

namespace tern::test {

/// Complains to the simulation of every law that does not hold.
void check_laws(SimulatedEnvironment& environment, const Outcome& outcome);

/// The same for a delivery of which one wait, and all after it, were cancelled.
void check_cancelled(SimulatedEnvironment& environment, const Outcome& outcome);

/// The law of the report's form alone; check_laws() calls it.
void check_form(SimulatedEnvironment& environment, const Outcome& outcome);

/// The parts of a report between its NULs; the last one has none after it.
[[nodiscard]] std::vector<std::string> parts_of(std::string_view rendered);

/// All that a failing test should print: complaints, report and transcript.
[[nodiscard]] std::string story_of(const SimulatedEnvironment& environment, const Outcome& outcome);

}  // namespace tern::test

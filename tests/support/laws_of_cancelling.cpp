// What holds for a delivery that was cancelled; see laws.hpp. That it connects nowhere and asks for
// no name afterwards, and leaves no socket open, the simulated network sees.
#include <algorithm>

#include "support/laws.hpp"

namespace tern::test {
namespace {

bool heard_the_end(const Connection& connection) {
    return std::ranges::any_of(connection.peer->record.transactions, [](const Served& each) {
        return each.ended && !each.knows_no_chunks;
    });
}

}  // namespace

// Where it is ended before its report is made, who ended it must know whether to fear a duplicate.
void check_cancelled(SimulatedEnvironment& environment, const Outcome& outcome) {
    if (!environment.reactor.is_cancelling())
        environment.simulation.complain("the wait that was to be cancelled never began");
    if (outcome.report) return check_laws(environment, outcome);
    if (!outcome.end_of_data_written && std::ranges::any_of(environment.connections, heard_the_end))
        environment.simulation.complain(
            "the end of data was written, and deliver() does not say so");
}

}  // namespace tern::test

// Deliveries in random worlds, by seed: whatever the servers do, the laws hold.
//   TERN_SEEDS=n  how many seeds (3000 without it)
//   TERN_SEED=n   this one alone, with its transcript
#include <gmock/gmock.h>

#include <cstdlib>
#include <iostream>
#include <map>

#include "base/text.hpp"
#include "simulation/random_environment.hpp"
#include "support/laws.hpp"

namespace tern::test {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* const value = std::getenv(name);
    return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

/// What a delivery came to, in few words, so that the worlds can be seen to differ.
std::string kind_of(const Outcome& outcome) {
    if (!outcome.report) return "no report";
    const std::string letter(1, static_cast<char>(outcome.report->letter));
    if (outcome.report->text.find("Possible duplicate!") != std::string::npos)
        return letter + ", possible duplicate";
    return letter + (outcome.end_of_data_written ? ", end of data written" : "");
}

TEST(Simulation, KeepsTheLawsInEveryWorld) {
    const std::uint64_t one = from_environment("TERN_SEED", 0);
    const std::uint64_t first = one != 0 ? one : 1;
    const std::uint64_t last = one != 0 ? one : from_environment("TERN_SEEDS", 3000);
    std::map<std::string, unsigned> kinds;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        const std::unique_ptr<SimulatedEnvironment> environment = random_environment(seed);
        const Outcome outcome = environment->deliver();
        check_laws(*environment, outcome);
        ++kinds[kind_of(outcome)];
        for (const Connection& connection : environment->connections) {
            if (!connection.peer->record.server_name.empty()) ++kinds["a session with TLS"];
            if (connection.peer->record.broke_protocol) ++kinds["a server that broke the protocol"];
        }
        if (environment->connections.size() > 1) ++kinds["several sessions"];
        if (one != 0) std::cout << story_of(*environment, outcome);
        ASSERT_TRUE(environment->simulation.complaints().empty())
            << story_of(*environment, outcome) << "again: TERN_SEED=" << seed << " test_simulation";
    }
    for (const auto& [kind, count] : kinds) std::cout << count << " times: " << kind << "\n";
    constexpr std::uint64_t enough = 1000;  // so many worlds must hold some of everything
    if (last - first < enough) return;
    for (const char* kind :
         {"K, end of data written", "Z, possible duplicate", "Z", "D", "D, end of data written",
          "Z, end of data written", "a session with TLS", "a server that broke the protocol",
          "several sessions"})
        EXPECT_GT(kinds[kind], last / 200) << kind;
}

// docs/reading.md: whichever wait of a delivery is cancelled, nothing new is started, nothing stays
// open, and no success is reported without a server's word.
TEST(Simulation, KeepsTheLawsWhereverItIsCancelled) {
    const std::uint64_t one = from_environment("TERN_SEED", 0);
    const std::uint64_t first = one != 0 ? one : 1;
    const std::uint64_t last = one != 0 ? one : from_environment("TERN_SEEDS", 3000) / 20;
    constexpr std::size_t most_places = 25;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        const std::unique_ptr<SimulatedEnvironment> whole = random_environment(seed);
        whole->deliver();
        const std::size_t waits = whole->reactor.begun();
        const std::size_t apart = one != 0 ? 1 : waits / most_places + 1;
        for (std::size_t wait = seed % apart; wait < waits; wait += apart) {
            const std::unique_ptr<SimulatedEnvironment> environment = random_environment(seed);
            environment->reactor.cancel_from(wait);
            const Outcome outcome = environment->deliver();
            check_cancelled(*environment, outcome);
            ASSERT_TRUE(environment->simulation.complaints().empty())
                << "cancelled at wait " << wait << "\n" << story_of(*environment, outcome)
                << "again: TERN_SEED=" << seed << " test_simulation";
        }
    }
}

TEST(Simulation, ReplaysExactly) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const std::unique_ptr<SimulatedEnvironment> once = random_environment(seed);
        const Outcome first = once->deliver();
        const std::unique_ptr<SimulatedEnvironment> again = random_environment(seed);
        const Outcome second = again->deliver();
        ASSERT_EQ(first.rendered, second.rendered);
        ASSERT_EQ(once->simulation.transcript(), again->simulation.transcript());
        ASSERT_EQ(first.took, second.took);
    }
}

}  // namespace
}  // namespace tern::test

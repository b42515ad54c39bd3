// Plays every conversation file as written, and again with its servers gone, mute,
// deaf and talking garbage at every line. What holds in all of them is in support/laws.hpp.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "base/text.hpp"
#include "conversation/script.hpp"
#include "support/laws.hpp"

namespace tern::test {
namespace {

// In whatever folder; a name stands in one of them alone, as tests are called by it.
std::vector<std::string> conversation_files() {
    std::vector<std::string> files;
    const std::string directory = concat(TERN_SOURCE_DIR, "/tests/conversation");
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
        if (entry.path().extension() == ".smtp") files.push_back(entry.path().string());
    std::ranges::sort(files);
    return files;
}

class Conversations : public testing::TestWithParam<std::string> {};

TEST_P(Conversations, PlayAsWritten) {
    const Conversation conversation = Conversation::read(GetParam());
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const std::unique_ptr<SimulatedEnvironment> environment =
            conversation.environment(seed, Fault());
        const Outcome outcome = environment->deliver();
        check_laws(*environment, outcome);
        for (const Connection& connection : environment->connections)
            if (!connection.trouble.empty())
                environment->simulation.complain(
                    concat(connection.peer->label(), ": ", connection.trouble));
        if (environment->connections.size() != conversation.servers().size())
            environment->simulation.complain("not every server of the file was met");
        for (const Endpoint& endpoint : environment->unexpected)
            environment->simulation.complain(concat("dials ", endpoint.address.to_string(),
                                                    ", of which the file does not speak"));
        EXPECT_TRUE(conversation.expects(parts_of(outcome.rendered)))
            << story_of(*environment, outcome);
        EXPECT_TRUE(environment->simulation.complaints().empty())
            << story_of(*environment, outcome);
        if (HasFailure()) return;
    }
}

TEST_P(Conversations, KeepTheLawsWhateverGoesWrong) {
    const Conversation conversation = Conversation::read(GetParam());
    std::uint64_t seed = 0;
    for (const Fault& fault : conversation.faults()) {
        const std::unique_ptr<SimulatedEnvironment> environment =
            conversation.environment(++seed, fault);
        const Outcome outcome = environment->deliver();
        check_laws(*environment, outcome);
        ASSERT_TRUE(environment->simulation.complaints().empty())
            << story_of(*environment, outcome);
    }
}

// docs/reading.md: at each of its waits, or at every second of many, and so on.
TEST_P(Conversations, KeepTheLawsWhereverTheyAreCancelled) {
    const Conversation conversation = Conversation::read(GetParam());
    const std::unique_ptr<SimulatedEnvironment> whole = conversation.environment(1, Fault());
    whole->deliver();
    constexpr std::size_t most_places = 60;  // a long reply is read in hundreds of pieces
    const std::size_t apart = whole->reactor.begun() / most_places + 1;
    for (std::size_t wait = 0; wait < whole->reactor.begun(); wait += apart) {
        const std::unique_ptr<SimulatedEnvironment> environment =
            conversation.environment(1, Fault());
        environment->reactor.cancel_from(wait);
        const Outcome outcome = environment->deliver();
        check_cancelled(*environment, outcome);
        ASSERT_TRUE(environment->simulation.complaints().empty())
            << "cancelled at wait " << wait << "\n" << story_of(*environment, outcome);
    }
}

// Each byte boundary of each server's words, one at a time.
TEST_P(Conversations, MeanTheSameHoweverRepliesAreSplit) {
    const Conversation conversation = Conversation::read(GetParam());
    std::uint64_t seed = 0;
    for (const Fault& split : conversation.splits()) {
        const std::unique_ptr<SimulatedEnvironment> environment =
            conversation.environment(++seed, split);
        const Outcome outcome = environment->deliver();
        check_laws(*environment, outcome);
        ASSERT_TRUE(conversation.expects(parts_of(outcome.rendered)))
            << "split behind " << split.at << " bytes\n" << story_of(*environment, outcome);
        ASSERT_TRUE(environment->simulation.complaints().empty())
            << story_of(*environment, outcome);
    }
}

std::string name_of(const testing::TestParamInfo<std::string>& info) {
    return std::filesystem::path(info.param).stem().string();
}

INSTANTIATE_TEST_SUITE_P(All, Conversations, testing::ValuesIn(conversation_files()), name_of);

TEST(ConversationFiles, AreThere) { EXPECT_GE(conversation_files().size(), 40U); }

TEST(ConversationFiles, LieInFoldersBySubject) {
    const std::filesystem::path directory = concat(TERN_SOURCE_DIR, "/tests/conversation");
    for (const std::string& file : conversation_files())
        EXPECT_EQ(std::filesystem::path(file).parent_path().parent_path(), directory) << file;
}

}  // namespace
}  // namespace tern::test

// Plays every conversation file as written, and again with its servers gone, mute, deaf and raving
// at every line. What holds in all of them is in support/laws.hpp.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "base/text.hpp"
#include "conversation/script.hpp"
#include "support/laws.hpp"

namespace tern::test {
namespace {

std::vector<std::string> conversation_files() {
    std::vector<std::string> files;
    const std::string directory = text(TERN_SOURCE_DIR, "/tests/conversation");
    for (const auto& entry : std::filesystem::directory_iterator(directory))
        if (entry.path().extension() == ".smtp") files.push_back(entry.path().string());
    std::ranges::sort(files);
    return files;
}

class Conversations : public testing::TestWithParam<std::string> {};

TEST_P(Conversations, PlayAsWritten) {
    const Conversation conversation = Conversation::read(GetParam());
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const std::unique_ptr<SimulatedWorld> world = conversation.world(seed, Fault());
        const Outcome outcome = world->deliver();
        check_laws(*world, outcome);
        for (const Connection& connection : world->connections)
            if (!connection.trouble.empty())
                world->simulation.complain(
                    text(connection.peer->label(), ": ", connection.trouble));
        if (world->connections.size() != conversation.servers().size())
            world->simulation.complain("not every server of the file was met");
        for (const Endpoint& stranger : world->strangers)
            world->simulation.complain(text("dials ", stranger.address.to_string(),
                                            ", of which the file does not speak"));
        EXPECT_TRUE(conversation.expects(parts_of(outcome.rendered))) << story_of(*world, outcome);
        EXPECT_TRUE(world->simulation.complaints().empty()) << story_of(*world, outcome);
        if (HasFailure()) return;
    }
}

TEST_P(Conversations, KeepTheLawsWhateverGoesWrong) {
    const Conversation conversation = Conversation::read(GetParam());
    std::uint64_t seed = 0;
    for (const Fault& fault : conversation.faults()) {
        const std::unique_ptr<SimulatedWorld> world = conversation.world(++seed, fault);
        const Outcome outcome = world->deliver();
        check_laws(*world, outcome);
        ASSERT_TRUE(world->simulation.complaints().empty()) << story_of(*world, outcome);
    }
}

// Each byte boundary of each server's words, one at a time.
TEST_P(Conversations, MeanTheSameHoweverRepliesAreSplit) {
    const Conversation conversation = Conversation::read(GetParam());
    std::uint64_t seed = 0;
    for (const Fault& split : conversation.splits()) {
        const std::unique_ptr<SimulatedWorld> world = conversation.world(++seed, split);
        const Outcome outcome = world->deliver();
        check_laws(*world, outcome);
        ASSERT_TRUE(conversation.expects(parts_of(outcome.rendered)))
            << "split behind " << split.at << " bytes\n" << story_of(*world, outcome);
        ASSERT_TRUE(world->simulation.complaints().empty()) << story_of(*world, outcome);
    }
}

std::string name_of(const testing::TestParamInfo<std::string>& info) {
    return std::filesystem::path(info.param).stem().string();
}

INSTANTIATE_TEST_SUITE_P(All, Conversations, testing::ValuesIn(conversation_files()), name_of);

TEST(ConversationFiles, AreThere) { EXPECT_GE(conversation_files().size(), 40U); }

}  // namespace
}  // namespace tern::test

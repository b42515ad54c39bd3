// The message with LF alone, whole and in blocks of every size, where it is and elsewhere.
#include "smtp/line_feeds.hpp"

#include <gmock/gmock.h>

#include <string>

namespace tern::smtp {
namespace {

// As contract.md#body has it, a byte at a time.
std::string reference(std::string_view message) {
    std::string out;
    for (std::size_t i = 0; i < message.size(); ++i) {
        if (message[i] != '\r') out += message[i];
        else if (i + 1 == message.size() || message[i + 1] != '\n') out += '\n';
    }
    return out;
}

std::string encoded(std::string_view message, std::size_t block_size, bool in_place) {
    LineFeedEncoder encoder;
    std::string out;
    for (std::size_t at = 0; at < message.size(); at += block_size) {
        std::string block(message.substr(at, block_size));
        std::string other(block.size(), '?');
        std::string& to = in_place ? block : other;
        const std::size_t made = encoder.encode(block, to.data());
        EXPECT_LE(made, block.size());
        out += to.substr(0, made);
    }
    EXPECT_EQ(encoder.ended_with_newline(), out.empty() || out.back() == '\n');
    return out;
}

TEST(LineFeeds, EveryShortMessage) {
    constexpr std::string_view bytes("a.\r\n\0", 5);
    for (unsigned number = 0; number < 5 * 5 * 5 * 5 * 5 * 5; ++number) {
        std::string message;
        for (unsigned rest = number; rest != 0; rest /= 5) message += bytes[rest % 5];
        for (std::size_t block = 1; block <= message.size(); ++block)
            for (const bool in_place : {false, true})
                ASSERT_EQ(encoded(message, block, in_place), reference(message))
                    << testing::PrintToString(message) << " in blocks of " << block;
    }
}

TEST(LineFeeds, LongLines) {
    const std::string line(100'000, 'x');
    const std::string message = line + "\r\n" + line + "\r" + line + "\n\r\r\n" + line;
    const std::string due = line + "\n" + line + "\n" + line + "\n\n\n" + line;
    for (const std::size_t block : {1'000UL, 4'096UL, 100'001UL, 1'000'000UL})
        EXPECT_EQ(encoded(message, block, true), due);
}

}  // namespace
}  // namespace tern::smtp

// The body encoder against the plainest program for the same rules, exhaustively.
#include "smtp/body.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "support/reference_body.hpp"

namespace tern::smtp {
namespace {

using Framing = BodyEncoder::Framing;

struct Encoded {
    std::string wire;
    bool ended_with_newline = false;
};

// Each block to a buffer of exactly the promised size, so that a write beyond it is found.
Encoded encode(const std::vector<std::string_view>& blocks, Framing framing) {
    BodyEncoder encoder(framing);
    Encoded encoded;
    for (const std::string_view block : blocks) {
        std::vector<char> room(BodyEncoder::room(block.size()));
        const std::size_t size = encoder.encode(block, room.data());
        EXPECT_LE(size, room.size());
        encoded.wire.append(room.data(), size);
    }
    std::vector<char> room(2);
    encoded.wire.append(room.data(), encoder.finish(room.data()));
    encoded.ended_with_newline = encoder.ended_with_newline();
    return encoded;
}

// The laws, whatever the reference says: no bare CR, no bare LF, no undoubled dot.
void expect_laws(const std::string& wire) {
    for (std::size_t i = 0; i < wire.size(); ++i) {
        const char before = i == 0 ? '\n' : wire[i - 1];
        const char after = i + 1 == wire.size() ? '\0' : wire[i + 1];
        ASSERT_TRUE(wire[i] != '\r' || after == '\n');
        ASSERT_TRUE(wire[i] != '\n' || (before == '\r' && i > 0));
        ASSERT_TRUE(wire[i] != '.' || before != '\n' || after == '.');
    }
}

constexpr std::string_view alphabet("\r\n.a\0\xff", 6);

// All strings of up to six bytes over the bytes that matter, in all splits into two blocks, and
// one byte at a time.
TEST(BodyEncoder, AgreesWithTheReferenceOnAllShortMessages) {
    for (std::size_t length = 0; length <= 6; ++length) {
        std::size_t count = 1;
        for (std::size_t i = 0; i < length; ++i) count *= alphabet.size();
        for (std::size_t number = 0; number < count; ++number) {
            std::string message;
            for (std::size_t rest = number, i = 0; i < length; ++i, rest /= alphabet.size())
                message += alphabet[rest % alphabet.size()];
            const std::string expected = test::reference_body(message);
            ASSERT_NO_FATAL_FAILURE(expect_laws(expected));
            const std::string_view view = message;
            for (std::size_t split = 0; split <= length; ++split) {
                const Encoded encoded =
                    encode({view.substr(0, split), view.substr(split)}, Framing::dots);
                ASSERT_EQ(encoded.wire, expected) << testing::PrintToString(message);
                ASSERT_EQ(encoded.ended_with_newline,
                          message.empty() || message.back() == '\n' || message.back() == '\r');
            }
            std::vector<std::string_view> bytes;
            for (std::size_t i = 0; i < length; ++i) bytes.push_back(view.substr(i, 1));
            ASSERT_EQ(encode(bytes, Framing::dots).wire, expected);
            ASSERT_EQ(encode({view}, Framing::length).wire, test::reference_body(message, false));
        }
    }
}

TEST(BodyEncoder, EveryByteGoesThrough) {
    for (unsigned byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        for (const std::string& message :
             {std::string(1, c), std::string("x") + c, std::string("\n") + c + "\n"})
            EXPECT_EQ(encode({message}, Framing::dots).wire, test::reference_body(message));
    }
}

TEST(BodyEncoder, LongMessagesInBlocksOfAllSizes) {
    std::string message;
    for (int i = 0; i < 300; ++i) {
        message += std::string(static_cast<std::size_t>(i % 80), 'x');
        message += i % 7 == 0 ? "\r" : i % 5 == 0 ? "\r\n" : i % 3 == 0 ? "\n." : "\n";
    }
    const std::string expected = test::reference_body(message);
    expect_laws(expected);
    for (std::size_t size = 1; size < 400; size += 7) {
        std::vector<std::string_view> blocks;
        for (std::size_t at = 0; at < message.size(); at += size)
            blocks.push_back(std::string_view(message).substr(at, size));
        ASSERT_EQ(encode(blocks, Framing::dots).wire, expected) << size;
    }
}

// What the encoder takes in one step is 32 bytes, or 8: every short sequence of the bytes that
// matter at each place around those borders, in blocks that begin and end anywhere around it.
TEST(BodyEncoder, TrickySequencesAcrossEveryBorder) {
    constexpr std::string_view bytes = "\r\n.a";
    constexpr std::size_t longest = 4;
    for (std::size_t number = 0; number < 256; ++number) {
        std::string tricky;
        for (std::size_t rest = number, i = 0; i < longest; ++i, rest /= bytes.size())
            tricky += bytes[rest % bytes.size()];
        for (std::size_t before = 0; before < 68; ++before) {
            std::string message(before, 'x');
            message.append(tricky).append(70, 'y').append(tricky);
            const std::string_view view = message;
            const std::string expected = test::reference_body(message);
            const std::string undoubled = test::reference_body(message, false);
            ASSERT_EQ(encode({view}, Framing::dots).wire, expected) << before << ", " << number;
            ASSERT_EQ(encode({view}, Framing::length).wire, undoubled) << before << ", " << number;
            for (std::size_t split = before; split <= before + longest; ++split)
                ASSERT_EQ(encode({view.substr(0, split), view.substr(split)}, Framing::dots).wire,
                          expected)
                    << before << ", " << number << ", " << split;
        }
    }
}

// Runs of one or two bytes over several steps, in two blocks that are split at every place.
TEST(BodyEncoder, RunsSplitAnywhere) {
    for (const std::string_view unit : {"\r", "\n", ".", "\r\n", "\n\r", "\n.", "\r.", "\r\r\n",
                                   "\n..", ".\r\n.", "\n\xff"}) {
        std::string message;
        while (message.size() < 150) message += unit;
        const std::string_view view = message;
        for (const Framing framing : {Framing::dots, Framing::length}) {
            const std::string expected = test::reference_body(message, framing == Framing::dots);
            for (std::size_t split = 0; split <= message.size(); ++split) {
                const std::vector<std::string_view> blocks = {view.substr(0, split),
                                                              view.substr(split)};
                ASSERT_EQ(encode(blocks, framing).wire, expected)
                    << testing::PrintToString(unit) << ", " << split;
            }
        }
    }
}

}  // namespace
}  // namespace tern::smtp

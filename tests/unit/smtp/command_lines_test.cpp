// The words that a server without BDAT could execute, and those that it could not.
#include "smtp/command_lines.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "support/reference_commands.hpp"

namespace tern::smtp {
namespace {

constexpr const char* commands[] = {"EHLO", "HELO", "MAIL", "RCPT", "DATA",     "BDAT",    "RSET",
                                    "AUTH", "VRFY", "EXPN", "NOOP", "STARTTLS", "XCLIENT", "QUIT",
                                    "XFORWARD"};

TEST(CommandLines, EachWordInEachCaseBeforeEachEnd) {
    for (const std::string command : commands) {
        std::string lower = command;
        for (char& c : lower) c = static_cast<char>(c - 'A' + 'a');
        std::string mixed = command;
        mixed[1] = lower[1];
        for (const std::string& word : {command, lower, mixed}) {
            for (const std::string end : {" ", "\t", "\r\n", "\n", ""}) {
                EXPECT_TRUE(holds_command_line(word + end)) << word << end;
                EXPECT_TRUE(holds_command_line("Subject: x\r\n\r\n" + word + end)) << word << end;
                if (end.empty()) continue;
                EXPECT_TRUE(holds_command_line("x\r\n" + word + end + "y\r\n")) << word << end;
            }
            for (const std::string next : {"x", ":", "-", "_", ".", "=", "\xc3\xa4"})
                EXPECT_FALSE(holds_command_line(word + next + " y\r\n")) << word << next;
            EXPECT_FALSE(holds_command_line(" " + word + "\r\n")) << word;
            EXPECT_FALSE(holds_command_line("x" + word + "\r\n")) << word;
            EXPECT_FALSE(holds_command_line("." + word + "\r\n")) << word;
            EXPECT_FALSE(holds_command_line("the word " + word + " \r\n")) << word;
            EXPECT_FALSE(holds_command_line(word.substr(0, word.size() - 1) + "\r\n")) << word;
        }
    }
}

TEST(CommandLines, WhatIsNone) {
    EXPECT_FALSE(holds_command_line(""));
    EXPECT_FALSE(holds_command_line("\r\n"));
    EXPECT_FALSE(holds_command_line("DAT"));
    EXPECT_FALSE(holds_command_line("\r\nEHL"));
    EXPECT_FALSE(holds_command_line("Date: x\r\nFrom: y\r\nTo: z\r\n\r\nHello.\r\n"));
    EXPECT_FALSE(holds_command_line(std::string("MA\0L x\r\n", 8)));
    EXPECT_FALSE(holds_command_line("start tls\r\nstarttl\r\nxclien\r\nxforwards\r\n"));
    // The bit that makes letters lower-case makes no letters of these.
    EXPECT_FALSE(holds_command_line("\x11UIT \r\n\x0d"));
}

TEST(CommandLines, AsAPlainReadingFindsThem) {
    // NOLINTNEXTLINE(cert-msc51-cpp): the same messages each time
    std::mt19937 random(10);
    const std::string pieces[] = {"\r\n", "\n", " ", "x", "EHLO", "mail", "Rcpt", "DATA", "bdat",
                                  "RSET", "auth", "STARTTLS", "vrfy", "expn", "noop", "quit",
                                  "XCLIENT", "xforward", "star", "xcli", "\t", "\r", ".", "\0"};
    for (int i = 0; i < 200'000; ++i) {
        std::string message;
        for (auto left = random() % 6; left > 0; --left)
            message += pieces[random() % std::size(pieces)];
        if (random() % 4 == 0 && !message.empty())
            message[random() % message.size()] ^= static_cast<char>(1U << (random() % 8));
        ASSERT_EQ(holds_command_line(message), test::holds_command_line_reference(message))
            << testing::PrintToString(message);
    }
}

}  // namespace
}  // namespace tern::smtp

// Replies, whole and in all splits.
#include "smtp/reply.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace tern::smtp {
namespace {

using State = ReplyReader::State;

struct Row {
    std::string bytes;
    State state;
    int code;
    std::string text;
    std::size_t taken;
};

const std::vector<Row>& rows() {
    using std::string_literals::operator""s;
    static const std::vector<Row> all{
        {"250 ok\r\n", State::complete, 250, "250 ok\n", 8},
        {"250 ok\n", State::complete, 250, "250 ok\n", 7},
        {"250\r\n", State::complete, 250, "250\n", 5},
        {"250\n", State::complete, 250, "250\n", 4},
        {"250 \r\n", State::complete, 250, "250 \n", 6},
        {"250-a\r\n250 b\r\n", State::complete, 250, "250-a\n250 b\n", 14},
        {"250-\r\n250\r\n", State::complete, 250, "250-\n250\n", 11},
        {"250-a\r\n250-\r\n250-c\n250 d\r\n", State::complete, 250, "250-a\n250-\n250-c\n250 d\n",
         26},
        {"250 one\r\n250 two\r\n", State::complete, 250, "250 one\n", 9},
        {"599 x\r\n", State::complete, 599, "599 x\n", 7},
        {"200 x\r\n", State::complete, 200, "200 x\n", 7},
        {"250 a\0b\xff\r\n"s, State::complete, 250, "250 a\0b\xff\n"s, 10},
        {"250 a\rb\r\n", State::complete, 250, "250 ab\n", 9},
        {"250 ok", State::more, 250, "250 ok", 6},
        {"250-a\r\n", State::more, 250, "250-a\n", 7},
        {"25", State::more, 0, "25", 2},
        {"", State::more, 0, "", 0},
        {"\r\n", State::malformed, 0, "", 0},
        {" 250 ok\r\n", State::malformed, 0, "", 0},
        {"100 x\r\n", State::malformed, 0, "", 0},
        {"600 x\r\n", State::malformed, 0, "", 0},
        {"2x0 x\r\n", State::malformed, 0, "", 0},
        {"2500 x\r\n", State::malformed, 0, "", 0},
        {"250.x\r\n", State::malformed, 0, "", 0},
        {"250\tx\r\n", State::malformed, 0, "", 0},
        {"25\r\n", State::malformed, 0, "", 0},
        {"250-a\r\n251 b\r\n", State::malformed, 250, "", 0},
        {"250-a\r\nblah\r\n", State::malformed, 250, "", 0},
        {"250-a\r\n\r\n", State::malformed, 250, "", 0},
        {"\xb2"
         "50 x\r\n",
         State::malformed, 0, "", 0},
    };
    return all;
}

void expect(const Row& row, const ReplyReader& reader, std::size_t taken) {
    EXPECT_EQ(reader.state(), row.state);
    if (row.state == State::malformed) {
        EXPECT_FALSE(reader.trouble().empty());
        return;
    }
    EXPECT_EQ(reader.reply().code, row.code);
    EXPECT_EQ(reader.reply().text, row.text);
    EXPECT_EQ(taken, row.taken);
}

TEST(ReplyReader, ReadsWholeReplies) {
    for (const Row& row : rows()) {
        SCOPED_TRACE(row.bytes);
        ReplyReader reader;
        const std::size_t taken = reader.feed(row.bytes);
        expect(row, reader, taken);
    }
}

// Every way to part the bytes into three.
TEST(ReplyReader, ReadsThemInAllSplits) {
    for (const Row& row : rows()) {
        SCOPED_TRACE(row.bytes);
        const std::string_view bytes = row.bytes;
        for (std::size_t first = 0; first <= bytes.size(); ++first) {
            for (std::size_t second = first; second <= bytes.size(); ++second) {
                ReplyReader reader;
                std::size_t taken = reader.feed(bytes.substr(0, first));
                taken += reader.feed(bytes.substr(first, second - first));
                taken += reader.feed(bytes.substr(second));
                expect(row, reader, taken);
                if (HasFailure()) return;
            }
        }
    }
}

TEST(ReplyReader, TakesNothingBehindTheEnd) {
    ReplyReader reader;
    EXPECT_EQ(reader.feed("250 ok\r\n354 go\r\n"), 8U);
    EXPECT_EQ(reader.feed("354 go\r\n"), 0U);
    EXPECT_EQ(reader.reply().code, 250);
}

// Only the stored text is bounded; the whole reply is parsed (contract.md#replies).
TEST(ReplyReader, KeepsALimitAndBelievesTheRest) {
    ReplyReader reader(100);
    for (int i = 0; i < 1000; ++i) reader.feed("250-" + std::string(100, 'x') + "\r\n");
    EXPECT_EQ(reader.state(), State::more);
    reader.feed("250 end\r\n");
    EXPECT_EQ(reader.state(), State::complete);
    EXPECT_EQ(reader.reply().code, 250);
    EXPECT_EQ(reader.reply().text.size(), 100U);
}

TEST(ReplyReader, IsOutOfStepBeyondAMegabyte) {
    for (const std::string& start : {std::string("250 "), std::string("250-x\r\n250-")}) {
        ReplyReader fits;
        fits.feed(start + std::string(longest_reply - start.size() - 2, 'x') + "\r\n");
        EXPECT_EQ(fits.state(), start.size() == 4 ? State::complete : State::more);
        ReplyReader reader;
        reader.feed(start + std::string(longest_reply - start.size(), 'x'));
        EXPECT_EQ(reader.state(), State::more);
        reader.feed("\n");
        EXPECT_EQ(reader.state(), State::malformed);
        EXPECT_LE(reader.reply().text.size(), reported_text);
    }
}

TEST(ReplyReader, CountsALongLineThatChangesItsCode) {
    ReplyReader reader;
    reader.feed("250-" + std::string(20'000, 'x') + "\r\n550 no\r\n");
    EXPECT_EQ(reader.state(), State::malformed);
}

TEST(Reply, KnowsItsClass) {
    for (int code = 200; code < 600; ++code) {
        Reply reply;
        reply.code = code;
        EXPECT_EQ(reply.positive(), code < 300);
        EXPECT_EQ(reply.transient(), code >= 400 && code < 500);
        EXPECT_EQ(reply.permanent(), code >= 500);
        EXPECT_EQ(reply.closing(), code == 421);
    }
}

}  // namespace
}  // namespace tern::smtp

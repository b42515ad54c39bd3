// What a Failure says in words, and by which code.
#include "base/failure.hpp"

#include <gtest/gtest.h>

namespace tern {
namespace {

TEST(Failure, WithoutAReplyHasItsSentenceAndNoCode) {
    const Failure failure(Stage::mail, Cause::closed, "the connection was reset");
    EXPECT_EQ(failure.reason(), "the connection was reset");
    EXPECT_EQ(failure.code(), 0);
    EXPECT_FALSE(failure.reply);
}

TEST(Failure, OfWhichTheReplySaysEverythingHasItsText) {
    const Failure failure(Stage::mail, Cause::rejected, Reply{450, "450 4.2.0 later\n"});
    EXPECT_EQ(failure.detail, "");
    EXPECT_EQ(failure.reason(), "450 4.2.0 later\n");
    EXPECT_EQ(failure.code(), 450);
}

TEST(Failure, WithSentenceAndReplyHasBoth) {
    const Failure failure(Stage::auth, Cause::auth_refused, "the server refused AUTH PLAIN",
                          Reply{535, "535 5.7.8 no\n"});
    EXPECT_EQ(failure.reason(), "the server refused AUTH PLAIN");
    EXPECT_EQ(failure.reply->text, "535 5.7.8 no\n");
    EXPECT_EQ(failure.code(), 535);
    EXPECT_EQ(failure, Failure(failure));
    Failure other = failure;
    other.reply->code = 454;
    EXPECT_NE(failure, other);
}

}  // namespace
}  // namespace tern

// What each maker of a requirement sets, and which of them require TLS.
#include "tls/requirement.hpp"

#include <gtest/gtest.h>

namespace tern::tls {
namespace {

using Kind = Requirement::Kind;

TEST(Requirement, MakersSetWhatTheyNameAlone) {
    EXPECT_EQ(Requirement::none(), (Requirement{Kind::none, "", "", "", false}));
    EXPECT_EQ(Requirement::none("o"), (Requirement{Kind::none, "", "", "o", false}));
    EXPECT_EQ(Requirement::opportunistic(), (Requirement{Kind::opportunistic, "", "", "", false}));
    EXPECT_EQ(Requirement::encrypted("o"), (Requirement{Kind::encrypted, "", "", "o", false}));
    EXPECT_EQ(Requirement::verified("f", "n", "o"),
              (Requirement{Kind::verified, "f", "n", "o", false}));
    EXPECT_EQ(Requirement::verified("f", "n"), (Requirement{Kind::verified, "f", "n", "f", false}));
    EXPECT_EQ(Requirement::from_first_byte(Requirement::verified("f", "n", "o")),
              (Requirement{Kind::verified, "f", "n", "o", true}));
}

TEST(Requirement, IsDemandedWhereClearTextWouldNotDo) {
    EXPECT_FALSE(Requirement::none("o").is_required());
    EXPECT_FALSE(Requirement::opportunistic().is_required());
    EXPECT_TRUE(Requirement::encrypted("o").is_required());
    EXPECT_TRUE(Requirement::verified("f", "n").is_required());
    EXPECT_TRUE(Requirement::from_first_byte(Requirement::none("o")).is_required());
    EXPECT_TRUE(Requirement::from_first_byte(Requirement::opportunistic()).is_required());
}

}  // namespace
}  // namespace tern::tls

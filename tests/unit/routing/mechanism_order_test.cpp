// control/authmechanisms: which mechanisms it allows, and what its check says.
#include "routing/mechanism_order.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"
#include "routing/check.hpp"

namespace tern::routing {
namespace {

using sasl::Mechanism;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<Mechanism> order(const std::optional<std::string>& content) {
    return read_mechanism_order(content).value();
}

TEST(Authmechanisms, TheirOrder) {
    EXPECT_THAT(order(std::nullopt), IsEmpty());
    EXPECT_THAT(order("PLAIN\nLOGIN\n"), ElementsAre(Mechanism::plain, Mechanism::login));
    EXPECT_THAT(order("# strongest first\nscram-sha-256-plus, SCRAM-SHA-256\t\n\nPlain,LOGIN \r\n"),
                ElementsAre(Mechanism::scram_sha_256_plus, Mechanism::scram_sha_256,
                            Mechanism::plain, Mechanism::login));
    EXPECT_THAT(order("LOGIN PLAIN LOGIN XOAUTH2"),
                ElementsAre(Mechanism::login, Mechanism::plain, Mechanism::xoauth2));
    EXPECT_THAT(order("PLAN GSSAPI\nOAUTHBEARER"), ElementsAre(Mechanism::oauthbearer));
}

TEST(Authmechanisms, NothingKnownIsAFailure) {
    for (const char* content : {"", "\n", "# PLAIN\n", "PLAN\n", "GSSAPI,NTLM"}) {
        const auto read = read_mechanism_order(content);
        ASSERT_FALSE(read) << content;
        EXPECT_EQ(read.error().cause, Cause::control_file);
        EXPECT_THAT(read.error().detail,
                    StartsWith("control/authmechanisms: the file names no mechanism that "
                               "qmail-remote knows (these are SCRAM-SHA-256-PLUS, "));
        const std::vector<Mistake> mistakes = check_authmechanisms(content);
        ASSERT_FALSE(mistakes.empty()) << content;
        EXPECT_TRUE(mistakes.back().defers);
    }
    // The sentence has them all.
    for (const Mechanism mechanism : sasl::usual_order())
        EXPECT_THAT(read_mechanism_order("").error().detail,
                    testing::ContainsRegex(concat("[ (]", sasl::name_of(mechanism), "[ ,)]")));
}

TEST(Authmechanisms, Check) {
    EXPECT_THAT(check_authmechanisms("SCRAM-SHA-256\nPLAIN, LOGIN\n# x\n"), IsEmpty());
    std::vector<std::string> list;
    for (const Mistake& mistake : check_authmechanisms("PLAIN\nGSSAPI LOGIN\nplain"))
        list.push_back(concat(mistake.origin.line, ": ", mistake.what));
    EXPECT_THAT(list, ElementsAre(StartsWith("2: \"GSSAPI\" is not a mechanism that qmail-remote "
                                             "knows and is ignored"),
                                  StartsWith("3: PLAIN is already in the list")));
}

}  // namespace
}  // namespace tern::routing

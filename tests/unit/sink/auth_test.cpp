// Mechanisms, with the examples of their RFCs where they have some, and base64.
#include "sink/auth.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "sink/base64.hpp"

namespace tern::sink {
namespace {

using State = AuthExchange::State;
using std::string_literals::operator""s;

const std::vector<User> users = {{"tim", "tanstaaftanstaaf"}, {"joe", "with space"}};

TEST(Base64, GoesBothWays) {
    // RFC 4648 10
    const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"},
                                                           {"\xff\xfe\0"s, "//4A"}};
    for (const auto& [bytes, text] : vectors) {
        EXPECT_EQ(to_base64(bytes), text);
        EXPECT_EQ(from_base64(text), bytes);
    }
}

TEST(Base64, RefusesWhatIsNone) {
    for (const char* text :
         {"Zg", "Zg=", "Z===", "Zh==", "Zm9=", "Zm 9", "Zg==Zg==", "====", "-_-_"})
        EXPECT_FALSE(from_base64(text)) << text;
}

TEST(Auth, PlainTakesNameAndPassword) {
    const std::string right = "\0tim\0tanstaaftanstaaf"s;
    AuthExchange at_once(Mechanism::plain, users, "mx.example");
    EXPECT_EQ(at_once.begin(&right), State::accepted);
    EXPECT_EQ(at_once.user(), "tim");

    AuthExchange later(Mechanism::plain, users, "mx.example");
    EXPECT_EQ(later.begin(nullptr), State::asks);
    EXPECT_EQ(later.challenge(), "");
    EXPECT_EQ(later.respond("someone\0tim\0tanstaaftanstaaf"s), State::accepted);
}

TEST(Auth, PlainRefusesTheRest) {
    const std::pair<std::string, State> responses[] = {
        {"\0tim\0wrong"s, State::refused},
        {"\0nobody\0tanstaaftanstaaf"s, State::refused},
        {"\0tim\0"s, State::refused},
        {"tim\0tanstaaftanstaaf"s, State::malformed},
        {"", State::malformed},
        {"\0tim\0tanstaaftanstaaf\0"s, State::malformed}};
    for (const auto& [response, state] : responses) {
        AuthExchange exchange(Mechanism::plain, users, "mx.example");
        EXPECT_EQ(exchange.begin(&response), state);
    }
}

TEST(Auth, LoginAsksTwice) {
    AuthExchange exchange(Mechanism::login, users, "mx.example");
    EXPECT_EQ(exchange.begin(nullptr), State::asks);
    EXPECT_EQ(exchange.challenge(), "Username:");
    EXPECT_EQ(exchange.respond("joe"), State::asks);
    EXPECT_EQ(exchange.challenge(), "Password:");
    EXPECT_EQ(exchange.respond("with space"), State::accepted);
}

TEST(Auth, CramMd5KeysItsChallenge) {
    AuthExchange exchange(Mechanism::cram_md5, users, "mx.example");
    EXPECT_EQ(exchange.begin(nullptr), State::asks);
    const std::string challenge = exchange.challenge();
    EXPECT_EQ(challenge.substr(challenge.size() - 12), "@mx.example>");
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    HMAC(EVP_md5(), "tanstaaftanstaaf", 16,
         reinterpret_cast<const unsigned char*>(challenge.data()), challenge.size(), digest,
         &length);
    std::string hex;
    for (unsigned i = 0; i < length; ++i) {
        hex += "0123456789abcdef"[digest[i] >> 4U];
        hex += "0123456789abcdef"[digest[i] & 15U];
    }
    EXPECT_EQ(exchange.respond("tim " + hex), State::accepted);

    AuthExchange other(Mechanism::cram_md5, users, "mx.example");
    EXPECT_EQ(other.begin(nullptr), State::asks);
    EXPECT_NE(other.challenge(), challenge);
    EXPECT_EQ(other.respond("tim " + hex), State::refused);
}

TEST(Auth, CramMd5TakesNoInitialResponse) {
    const std::string initial = "tim 00";
    AuthExchange exchange(Mechanism::cram_md5, users, "mx.example");
    EXPECT_EQ(exchange.begin(&initial), State::malformed);
}

TEST(Auth, ScramRefusesWhatIsNoScram) {
    for (const char* first : {"", "n", "n,", "n,,", "n,,n=tim", "n,,n=tim,r=short",
                              "n,,r=0123456789", "n,,n=,r=0123456789", "n,,n=a=b,r=0123456789",
                              "n,a=x,n=tim,r=0123456789", ",,n=tim,r=0123456789"}) {
        AuthExchange exchange(Mechanism::scram_sha_256, users, "mx.example");
        const std::string words = first;
        EXPECT_EQ(exchange.begin(&words), State::malformed) << first;
    }
    const std::string bound = "p=tls-exporter,,n=tim,r=0123456789";
    AuthExchange in_clear(Mechanism::scram_sha_256, users, "mx.example");
    EXPECT_EQ(in_clear.begin(&bound), State::refused);
}

TEST(Auth, BearersAreReadStrictly) {
    for (const char* words : {"", "user=tim\1", "user=tim\1auth=Bearer x", "user=tim\1\1",
                              "auth=Bearer x\1\1", "user=tim\1auth=Bearer x\1\1\1"}) {
        AuthExchange exchange(Mechanism::xoauth2, users, "mx.example");
        const std::string initial = words;
        EXPECT_EQ(exchange.begin(&initial), State::malformed) << words;
    }
    AuthExchange exchange(Mechanism::oauthbearer, users, "mx.example");
    const std::string wrong = "n,a=tim,\1auth=Bearer wrong\1\1";
    EXPECT_EQ(exchange.begin(&wrong), State::asks);
    EXPECT_EQ(exchange.challenge(), R"({"status":"invalid_token"})");
    EXPECT_EQ(exchange.respond("\1"), State::refused);
}

}  // namespace
}  // namespace tern::sink

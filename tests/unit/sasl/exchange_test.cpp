// The short mechanisms, with the examples of their RFCs.
#include "sasl/exchange.hpp"

#include <gmock/gmock.h>

#include "sasl/base64.hpp"

namespace tern::sasl {
namespace {

using std::string_literals::operator""s;
using testing::StartsWith;

class Counting final : public Random {
public:
    std::uint32_t below(std::uint32_t bound) override { return next_++ % bound; }

private:
    std::uint32_t next_ = 0;
};

std::unique_ptr<Exchange> begun(Mechanism mechanism, const Credentials& credentials,
                                const Circumstances& circumstances = Circumstances()) {
    Counting random;
    return begin(mechanism, credentials, circumstances, random);
}

Credentials token_of(const char* user, const char* token) {
    Credentials made = credentials_of_route(user, "token:/run/token");
    made.secret = Secret(token);
    return made;
}

const Credentials tim = credentials_of_route("tim", "tanstaaftanstaaf");

// RFC 4616 4.
TEST(Exchange, Plain) {
    const auto exchange = begun(Mechanism::plain, tim);
    EXPECT_EQ(exchange->first_words()->reveal(), "\0tim\0tanstaaftanstaaf"s);
    EXPECT_FALSE(exchange->objection());
    EXPECT_FALSE(exchange->respond(""));
}

TEST(Exchange, Login) {
    const auto exchange = begun(Mechanism::login, tim);
    EXPECT_FALSE(exchange->first_words());
    EXPECT_EQ(exchange->respond("Username:")->reveal(), "tim");
    EXPECT_EQ(exchange->respond("")->reveal(), "tanstaaftanstaaf");
    EXPECT_FALSE(exchange->respond("Once more:"));
}

// RFC 2195 2.
TEST(Exchange, CramMd5) {
    const auto exchange = begun(Mechanism::cram_md5, tim);
    EXPECT_FALSE(exchange->first_words());
    const Response response =
        exchange->respond("<1896.697170952@postoffice.reston.mci.net>");
    ASSERT_TRUE(response) << response.error();
    EXPECT_EQ(response->reveal(), "tim b913a602c7eda7a495b4e6e7334d3890");
    EXPECT_FALSE(exchange->respond("<again>"));
    EXPECT_FALSE(begun(Mechanism::cram_md5, tim)->respond(""));
}

// RFC 7628 4.1, RFC 7628 4.3.
TEST(Exchange, OauthBearer) {
    const Credentials credentials =
        token_of("user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");
    Circumstances circumstances;
    circumstances.host = "server.example.com";
    circumstances.port = 143;
    const auto exchange = begun(Mechanism::oauthbearer, credentials, circumstances);
    EXPECT_EQ(to_base64(exchange->first_words()->reveal()).reveal(),
              "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9"
              "QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB");
    EXPECT_FALSE(exchange->objection());
    EXPECT_EQ(exchange->respond("{\"status\":\"invalid_token\"}")->reveal(), "\1");
    EXPECT_EQ(exchange->reason(), "{\"status\":\"invalid_token\"}");
    EXPECT_TRUE(exchange->objection());
    EXPECT_FALSE(exchange->respond("more"));
}

// The example of Google's description of XOAUTH2.
TEST(Exchange, Xoauth2) {
    const Credentials credentials = token_of(
        "someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg");
    const auto exchange = begun(Mechanism::xoauth2, credentials);
    EXPECT_EQ(to_base64(exchange->first_words()->reveal()).reveal(),
              "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNS"
              "bGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==");
    EXPECT_EQ(exchange->respond("{}")->reveal(), "");
    EXPECT_FALSE(exchange->respond("{}"));
}

TEST(Exchange, ScramTellsWhatItCanBind) {
    Circumstances bound;
    bound.binding = ChannelBinding{"tls-exporter", "data"};
    const auto words = [&](Mechanism mechanism, const Circumstances& circumstances) {
        return std::string(begun(mechanism, tim, circumstances)->first_words()->reveal());
    };
    EXPECT_THAT(words(Mechanism::scram_sha_256_plus, bound),
                StartsWith("p=tls-exporter,,n=tim,r="));
    EXPECT_THAT(words(Mechanism::scram_sha_256, bound), StartsWith("y,,n=tim,r="));
    EXPECT_EQ(words(Mechanism::scram_sha_1, Circumstances()),
              "n,,n=tim,r=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef");
}

}  // namespace
}  // namespace tern::sasl

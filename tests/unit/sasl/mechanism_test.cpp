// Which mechanism is chosen, what credentials are, and the small tools beneath.
#include "sasl/mechanism.hpp"

#include <gtest/gtest.h>

#include <type_traits>
#include <vector>

#include "sasl/base64.hpp"
#include "sasl/digest.hpp"

namespace tern::sasl {
namespace {

using std::string_literals::operator""s;
using Kind = Credentials::Kind;

TEST(Mechanism, TheStrongestThatBothHave) {
    struct Row {
        const char* offered;
        Kind kind;
        bool private_line;
        bool has_binding;
        std::optional<Mechanism> chosen;
    };
    constexpr auto everything = "XOAUTH2 OAUTHBEARER LOGIN PLAIN CRAM-MD5 SCRAM-SHA-1 "
                                "SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-256-PLUS";
    const std::vector<Row> rows{
        {everything, Kind::password, true, true, Mechanism::scram_sha_256_plus},
        {everything, Kind::password, true, false, Mechanism::scram_sha_256},
        {everything, Kind::token, true, true, Mechanism::oauthbearer},
        {"SCRAM-SHA-1 SCRAM-SHA-1-PLUS PLAIN", Kind::password, true, true,
         Mechanism::scram_sha_1_plus},
        {"SCRAM-SHA-1 SCRAM-SHA-1-PLUS PLAIN", Kind::password, true, false,
         Mechanism::scram_sha_1},
        // Who is offered a binding takes it (RFC 5802 6), though the other hash is better.
        {"SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1", Kind::password, true, true,
         Mechanism::scram_sha_1_plus},
        {"SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1", Kind::password, true, false,
         Mechanism::scram_sha_256},
        {"SCRAM-SHA-512-PLUS SCRAM-SHA-256", Kind::password, true, true,
         Mechanism::scram_sha_256},
        {"PLAIN LOGIN CRAM-MD5", Kind::password, true, true, Mechanism::cram_md5},
        {"LOGIN PLAIN", Kind::password, true, true, Mechanism::plain},
        {"login", Kind::password, true, false, Mechanism::login},
        {"  LOGIN\tPlain ", Kind::password, true, false, Mechanism::plain},
        {"XOAUTH2 PLAIN", Kind::token, true, false, Mechanism::xoauth2},
        // What would show the secret needs a line that no other host hears.
        {"PLAIN LOGIN", Kind::password, false, false, std::nullopt},
        {"PLAIN CRAM-MD5", Kind::password, false, false, Mechanism::cram_md5},
        {everything, Kind::token, false, false, std::nullopt},
        {"PLAIN LOGIN", Kind::token, true, true, std::nullopt},
        {"XOAUTH2", Kind::password, true, true, std::nullopt},
        {"SCRAM-SHA-256-PLUS", Kind::password, true, false, std::nullopt},
        {"GSSAPI DIGEST-MD5 PLAINX XPLAIN", Kind::password, true, true, std::nullopt},
        {"", Kind::password, true, true, std::nullopt},
    };
    for (const Row& row : rows) {
        Footing footing;
        footing.private_line = row.private_line;
        footing.has_binding = row.has_binding;
        EXPECT_EQ(choose(row.offered, row.kind, footing), row.chosen) << row.offered;
    }
}

TEST(Mechanism, TheFirstOfAnotherOrder) {
    Footing footing;
    footing.private_line = footing.has_binding = true;
    constexpr auto offered = "PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS";
    const std::vector<Mechanism> weakest_first{Mechanism::cram_md5, Mechanism::login,
                                               Mechanism::plain, Mechanism::scram_sha_256_plus};
    EXPECT_EQ(choose(offered, Kind::password, footing, weakest_first), Mechanism::login);
    EXPECT_EQ(choose(offered, Kind::token, footing, weakest_first), std::nullopt);
    footing.private_line = false;
    EXPECT_EQ(choose(offered, Kind::password, footing, weakest_first),
              Mechanism::scram_sha_256_plus);
    footing.has_binding = false;
    EXPECT_EQ(choose(offered, Kind::password, footing, weakest_first), std::nullopt);
    EXPECT_EQ(choose(offered, Kind::password, footing, {}), std::nullopt);
}

TEST(Mechanism, IsFoundByItsName) {
    for (const Mechanism mechanism : usual_order())
        EXPECT_EQ(mechanism_of(name_of(mechanism)), mechanism);
    EXPECT_EQ(mechanism_of("cram-md5"), Mechanism::cram_md5);
    for (const char* other : {"", "PLAI", "PLAINX", "DIGEST-MD5"})
        EXPECT_EQ(mechanism_of(other), std::nullopt) << other;
    EXPECT_TRUE(binds(Mechanism::scram_sha_1_plus));
    EXPECT_FALSE(binds(Mechanism::scram_sha_1));
    EXPECT_TRUE(offers_binding("PLAIN scram-sha-1-plus"));
    EXPECT_FALSE(offers_binding("PLAIN SCRAM-SHA-512-PLUS SCRAM-SHA-1"));
}

TEST(Mechanism, HasItsName) {
    EXPECT_EQ(name_of(Mechanism::scram_sha_256_plus), "SCRAM-SHA-256-PLUS");
    EXPECT_EQ(name_of(Mechanism::xoauth2), "XOAUTH2");
    EXPECT_TRUE(reveals_secret(Mechanism::login));
    EXPECT_FALSE(reveals_secret(Mechanism::cram_md5));
}

TEST(Credentials, APasswordOrAFileWithAToken) {
    const Credentials password = credentials_of_route("joe", "se|cret");
    EXPECT_EQ(password.kind, Kind::password);
    EXPECT_EQ(password.secret.reveal(), "se|cret");
    const Credentials token = credentials_of_route("joe", "token:/run/tokens/joe");
    EXPECT_EQ(token.kind, Kind::token);
    EXPECT_EQ(token.token_file, "/run/tokens/joe");
    EXPECT_TRUE(token.secret.empty());
    for (const char* other : {"token:relative", "token:", "Token:/x", "oauth:/x"})
        EXPECT_EQ(credentials_of_route("joe", other).kind, Kind::password) << other;
}

TEST(Credentials, ATokenIsTheFirstLineOfItsFile) {
    EXPECT_EQ(token_in("ya29.abc\n").reveal(), "ya29.abc");
    EXPECT_EQ(token_in(" \tya29.abc \r\nmore\n").reveal(), "ya29.abc");
    EXPECT_EQ(token_in("").reveal(), "");
    EXPECT_EQ(token_in(" \n").reveal(), "");
}

TEST(Credentials, WhatNoMechanismCouldCarry) {
    const auto trouble = [](std::string user, std::string secret, Kind kind = Kind::password) {
        Credentials made;
        made.user = user;
        made.secret = Secret(secret);
        made.kind = kind;
        return what_is_wrong(made);
    };
    EXPECT_FALSE(trouble("joe", "with space and \xc3\xa4"));
    EXPECT_FALSE(trouble("joe", "abc-._~+/09==", Kind::token));
    EXPECT_EQ(trouble("", "x"), "the user name is empty");
    EXPECT_EQ(trouble("joe", ""), "the password is empty");
    EXPECT_EQ(trouble("joe", "", Kind::token), "the access token is empty");
    EXPECT_TRUE(trouble("jo\0e"s, "x"));
    EXPECT_TRUE(trouble("joe", "a\1b"));
    EXPECT_TRUE(trouble(std::string(1025, 'x'), "x"));
    EXPECT_TRUE(trouble("joe", std::string(8193, 'x')));
    EXPECT_TRUE(trouble("joe", "with space", Kind::token));
    // None of them shows the secret.
    EXPECT_EQ(trouble("joe", "hunter2\n")->find("hunter2"), std::string::npos);
}

template <class T>
concept Streamed = requires(std::ostream& to, const T& what) { to << what; };

TEST(Secret, IsNotPrinted) {
    EXPECT_FALSE(Streamed<Secret>);
    EXPECT_FALSE((std::is_convertible_v<Secret, std::string>));
    EXPECT_FALSE((std::is_convertible_v<Secret, std::string_view>));
}

TEST(Secret, IsWipedWhereItStood) {
    Secret secret("short");
    const char* const there = secret.reveal().data();
    secret.wipe();
    EXPECT_TRUE(secret.empty());
    EXPECT_EQ(std::string(there, 5), "\0\0\0\0\0"s);
    Secret from("other");
    const char* const before = from.reveal().data();
    const Secret moved(std::move(from));
    EXPECT_EQ(moved.reveal(), "other");
    EXPECT_EQ(std::string(before, 5), "\0\0\0\0\0"s);
}

TEST(Secret, Grows) {
    Secret secret;
    std::string wanted;
    for (int i = 0; i < 300; ++i) {
        secret.append("abc");
        wanted += "abc";
    }
    EXPECT_EQ(secret.reveal(), wanted);
    EXPECT_EQ(secret, Secret(wanted));
}

TEST(Base64, GoesBothWays) {
    // RFC 4648 10
    const std::pair<std::string, std::string> vectors[] = {
        {"", ""},         {"f", "Zg=="},         {"fo", "Zm8="},
        {"foo", "Zm9v"},  {"foob", "Zm9vYg=="},  {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"}, {"\xff\xfe\0"s, "//4A"}};
    for (const auto& [bytes, text] : vectors) {
        EXPECT_EQ(to_base64(bytes).reveal(), text);
        EXPECT_EQ(from_base64(text), bytes);
    }
}

TEST(Base64, RefusesWhatIsNone) {
    for (const char* text : {"Zg", "Zg=", "Z===", "Zh==", "Zm9=", "Zm 9", "Zg==Zg==", "====", "=",
                             "-_-_", "Zm9v\n", "Zg=a", "=Zg="})
        EXPECT_FALSE(from_base64(text)) << text;
}

// RFC 6070 2 (HMAC-SHA-1, 20 bytes) and RFC 2202 3.
TEST(Digest, AsTheRfcsHaveThem) {
    EXPECT_EQ(to_base64(pbkdf2(Hash::sha1, "password", "salt", 2)->bytes()).reveal(),
              "6mwBTcctb4zNHtkqzh1B8NjeiVc=");
    EXPECT_EQ(to_base64(hmac(Hash::md5, "Jefe", "what do ya want for nothing?")->bytes()).reveal(),
              "dQx4PmqwtQPqqG4xCl23OA==");
    EXPECT_EQ(digest(Hash::sha256, "abc")->bytes().substr(0, 4), "\xba\x78\x16\xbf");
    EXPECT_TRUE(same_bytes("abc", "abc"));
    EXPECT_FALSE(same_bytes("abc", "abd"));
    EXPECT_FALSE(same_bytes("abc", "ab"));
}

}  // namespace
}  // namespace tern::sasl

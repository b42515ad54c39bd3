// SCRAM with the examples of its RFCs, and what a hostile server may say.
#include "sasl/scram.hpp"

#include <gmock/gmock.h>

#include "sasl/base64.hpp"

namespace tern::sasl {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const Credentials pencil = credentials_of_route("user", "pencil");

struct Example {
    Hash hash;
    std::string nonce;
    std::string challenge;
    std::string response;
    std::string verdict;
};

// RFC 5802 5 and RFC 7677 3.
const Example sha_1{Hash::sha1, "fyko+d2lbbFgONRv9qkxdawL",
                    "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
                    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
                    "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
                    "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="};
const Example sha_256{Hash::sha256, "rOprNGfwEbeRWgbNEkqO",
                      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                      "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
                      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                      "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
                      "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="};

TEST(Scram, SaysWhatTheRfcsSay) {
    for (const Example& example : {sha_1, sha_256}) {
        Scram scram(example.hash, pencil, "n,,", "", example.nonce);
        EXPECT_EQ(scram.first_words()->reveal(), "n,,n=user,r=" + example.nonce);
        const Response proof = scram.respond(example.challenge);
        ASSERT_TRUE(proof) << proof.error();
        EXPECT_EQ(proof->reveal(), example.response);
        EXPECT_TRUE(scram.objection());
        const Response last = scram.respond(example.verdict);
        ASSERT_TRUE(last) << last.error();
        EXPECT_TRUE(last->empty());
        EXPECT_FALSE(scram.objection());
        EXPECT_FALSE(scram.respond(""));
        EXPECT_TRUE(scram.objection());
    }
}

TEST(Scram, AServerMustProveThatItKnowsThePassword) {
    Scram silent(Hash::sha256, pencil, "n,,", "", sha_256.nonce);
    ASSERT_TRUE(silent.respond(sha_256.challenge));
    EXPECT_THAT(*silent.objection(), HasSubstr("without proving"));

    for (const char* verdict :
         {"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8=", "v=", "v=AA==", "", "v=6rri", "x=1",
          "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=,", "e=other-error"}) {
        Scram scram(Hash::sha256, pencil, "n,,", "", sha_256.nonce);
        ASSERT_TRUE(scram.respond(sha_256.challenge));
        EXPECT_FALSE(scram.respond(verdict)) << verdict;
        EXPECT_TRUE(scram.objection()) << verdict;
    }
}

TEST(Scram, TellsTheServersError) {
    EXPECT_EQ(parse_scram_verdict("e=channel-bindings-dont-match").error(),
              "the server reported: channel-bindings-dont-match");
    EXPECT_EQ(parse_scram_verdict("e=a\nb").error(), "the server reported an error");
    EXPECT_EQ(parse_scram_verdict("e=").error(), "the server reported an error");
}

TEST(Scram, BindsToTheSession) {
    Scram scram(Hash::sha256, pencil, "p=tls-exporter,,", "\x01\xff", sha_256.nonce);
    EXPECT_EQ(scram.first_words()->reveal(), "p=tls-exporter,,n=user,r=" + sha_256.nonce);
    const Response proof = scram.respond(sha_256.challenge);
    ASSERT_TRUE(proof);
    const std::string bound(to_base64("p=tls-exporter,,\x01\xff").reveal());
    EXPECT_THAT(std::string(proof->reveal()), StartsWith("c=" + bound + ",r="));
    // The proof covers what was bound: another session's signature does not fit.
    EXPECT_FALSE(scram.respond(sha_256.verdict));
}

// RFC 5802 6.
TEST(Scram, SaysWhetherItCouldHaveBound) {
    const ChannelBinding binding{"tls-exporter", "data"};
    EXPECT_EQ(gs2_header(true, binding), "p=tls-exporter,,");
    EXPECT_EQ(gs2_header(false, binding), "y,,");
    EXPECT_EQ(gs2_header(false, std::nullopt), "n,,");
}

TEST(Scram, WritesNamesSoThatNothingCanBeInjected) {
    EXPECT_EQ(scram_name("a=b,r=c"), "a=3Db=2Cr=3Dc");
    const Credentials odd = credentials_of_route("u,r=x", "pencil");
    Scram scram(Hash::sha256, odd, "n,,", "", "nonce");
    EXPECT_EQ(scram.first_words()->reveal(), "n,,n=u=2Cr=3Dx,r=nonce");
}

TEST(Scram, ReadsChallenges) {
    const auto read = parse_scram_challenge("r=abc,s=c2FsdA==,i=1,x=later,Y=a=b");
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->nonce, "abc");
    EXPECT_EQ(read->salt, "salt");
    EXPECT_EQ(read->iterations, 1U);
    EXPECT_EQ(parse_scram_challenge("r=abc,s=c2FsdA==,i=1000000")->iterations, 1'000'000U);
}

TEST(Scram, RefusesChallengesThatAreNone) {
    const std::string most(5000, 'x');
    const std::vector<std::string> bad{
        "", "r=", "r=abc", "r=abc,s=c2FsdA==", "s=c2FsdA==,r=abc,i=1", "r=abc,i=1,s=c2FsdA==",
        "r=,s=c2FsdA==,i=1", "r=a b,s=c2FsdA==,i=1", "r=a\x7f,s=c2FsdA==,i=1",
        "r=abc,s=c2FsdA=,i=1", "r=abc,s=,i=1", "r=abc,s=c2FsdA==,i=", "r=abc,s=c2FsdA==,i=0",
        "r=abc,s=c2FsdA==,i=01", "r=abc,s=c2FsdA==,i=-1", "r=abc,s=c2FsdA==,i=1x",
        "r=abc,s=c2FsdA==,i=1000001", "r=abc,s=c2FsdA==,i=4294967296",
        "r=abc,s=c2FsdA==,i=99999999999999999999999", "r=abc,s=c2FsdA==,i=1,",
        "r=abc,s=c2FsdA==,i=1,x", "r=abc,s=c2FsdA==,i=1,x=", "r=abc,s=c2FsdA==,i=1,1=a",
        "m=x,r=abc,s=c2FsdA==,i=1", "R=abc,s=c2FsdA==,i=1", "r=" + most + ",s=c2FsdA==,i=1",
        "r=abc,s=" + std::string(2000, 'A') + ",i=1"};
    for (const std::string& challenge : bad)
        EXPECT_FALSE(parse_scram_challenge(challenge)) << challenge.substr(0, 60);
}

TEST(Scram, TheNonceMustGoOnFromOurs) {
    for (const char* nonce : {"abc", "abx1", "ab", "xabc1"}) {
        Scram scram(Hash::sha256, pencil, "n,,", "", "abc");
        const Response response =
            scram.respond(std::string("r=") + nonce + ",s=c2FsdA==,i=1");
        ASSERT_FALSE(response) << nonce;
        EXPECT_THAT(response.error(), HasSubstr("nonce"));
    }
}

}  // namespace
}  // namespace tern::sasl

// What a session shows of itself and of the certificates that came.
#include "tls/facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/tls_client.hpp"
#include "tls/openssl.hpp"

namespace tern::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Facts : public testing::Test {
protected:
    Facts() {
        root_ = make_authority("Test Root", 1);
        CertificateSpec server;
        server.dns_names = {"mx.example.com"};
        server.key_number = 10;
        leaf_ = make_identity(server, &root_);
        server_ = server_context(leaf_, {&root_});
    }

    Identity root_;
    Identity leaf_;
    tls::ContextPtr server_;
    const Directory directory_;
};

TEST_F(Facts, TellWhatWasAgreed) {
    Encounter met(server_.get());
    ASSERT_TRUE(met.handshake());
    const tls::Facts facts = met.client().facts();
    EXPECT_EQ(facts.version, "TLSv1.3");
    EXPECT_EQ(facts.cipher.substr(0, 4), "TLS_");
    EXPECT_FALSE(facts.group.empty());
    EXPECT_FALSE(facts.verified) << "nothing asked for it";
}

TEST_F(Facts, TellTheChain) {
    Encounter met(server_.get());
    ASSERT_TRUE(met.handshake());
    const std::vector<tls::CertificateFacts> chain = met.client().facts().chain;
    ASSERT_EQ(chain.size(), 2U);
    EXPECT_THAT(chain[0].identity.dns_names, ElementsAre("mx.example.com"));
    EXPECT_EQ(chain[0].identity.issuer, chain[1].identity.subject);
    EXPECT_EQ(chain[0].sha256.size(), 64U);
    EXPECT_NE(chain[0].sha256, chain[1].sha256);
    EXPECT_FALSE(chain[0].key.empty());
    ASSERT_TRUE(chain[0].valid_from && chain[0].valid_until);
    EXPECT_LT(*chain[0].valid_from, *chain[0].valid_until);
}

TEST_F(Facts, TellWhetherTheDemandWasMet) {
    const std::string trust = directory_.holds("ca.pem", certificate_pem(root_));
    Encounter met(server_.get(), demanding("mx.example.com", trust));
    ASSERT_TRUE(met.handshake());
    EXPECT_TRUE(met.client().facts().verified);
}

TEST_F(Facts, TellWhoWasRefused) {
    const std::string trust = directory_.holds("ca.pem", certificate_pem(root_));
    Encounter met(server_.get(), demanding("other.example.com", trust));
    ASSERT_FALSE(met.handshake());
    const tls::Facts facts = met.client().facts();
    EXPECT_FALSE(facts.verified);
    EXPECT_EQ(facts.version, "") << "the handshake did not end well";
    ASSERT_EQ(facts.chain.size(), 2U);
    EXPECT_THAT(facts.chain[0].identity.dns_names, ElementsAre("mx.example.com"));
}

TEST_F(Facts, AreEmptyBeforeAnythingCame) {
    Encounter met(server_.get());
    EXPECT_THAT(met.client().facts().chain, IsEmpty());
    EXPECT_EQ(met.client().facts().version, "");
}

TEST_F(Facts, OfPemStopAtWhatIsNone) {
    const std::string both = certificate_pem(leaf_) + certificate_pem(root_);
    const std::string alone = tls::facts_of_pem(certificate_pem(root_)).at(0).sha256;
    EXPECT_EQ(tls::facts_of_pem(both).size(), 2U);
    EXPECT_EQ(tls::facts_of_pem(both)[1].sha256, alone);
    EXPECT_THAT(tls::facts_of_pem("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"),
                IsEmpty());
    EXPECT_THAT(tls::facts_of_pem(""), IsEmpty());
}

}  // namespace
}  // namespace tern::test

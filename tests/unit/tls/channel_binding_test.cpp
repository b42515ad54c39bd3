// Both ends know the same, and another session knows something else.
#include <array>

#include <gtest/gtest.h>

#include "support/tls_client.hpp"
#include "tls/channel_binding.hpp"

namespace tern::test {
namespace {

class Binding : public testing::Test {
protected:
    static CertificateSpec spec() {
        CertificateSpec made;
        made.dns_names = {"mx.example.com"};
        return made;
    }
    const Identity identity_ = make_identity(spec());
    const tls::ContextPtr server_ = server_context(identity_);
};

TEST_F(Binding, IsExportedUnderTls13) {
    Encounter met(server_.get());
    EXPECT_FALSE(met.client().channel_binding());
    ASSERT_TRUE(met.handshake());
    ASSERT_TRUE(met.says("x"));
    const std::optional<ChannelBinding> ours = met.client().channel_binding();
    ASSERT_TRUE(ours);
    EXPECT_EQ(ours->type, "tls-exporter");
    EXPECT_EQ(ours->data.size(), 32U);
    EXPECT_EQ(ours, tls::channel_binding(met.peer.ssl()));

    Encounter other(server_.get());
    ASSERT_TRUE(other.handshake());
    EXPECT_NE(other.client().channel_binding(), ours);
}

TEST_F(Binding, IsTheFirstFinishedUnderTls12) {
    SSL_CTX_set_max_proto_version(server_.get(), TLS1_2_VERSION);
    Encounter met(server_.get());
    ASSERT_TRUE(met.handshake());
    const std::optional<ChannelBinding> ours = met.client().channel_binding();
    ASSERT_TRUE(ours);
    EXPECT_EQ(ours->type, "tls-unique");
    // The server's view: the client's Finished is its peer's.
    std::array<char, 64> finished{};
    const std::size_t size =
        SSL_get_peer_finished(met.peer.ssl(), finished.data(), finished.size());
    EXPECT_EQ(ours->data, std::string(finished.data(), size));
}

TEST_F(Binding, IsNoneWithoutTheExtendedMasterSecret) {
    SSL_CTX_set_max_proto_version(server_.get(), TLS1_2_VERSION);
    SSL_CTX_set_options(server_.get(), SSL_OP_NO_EXTENDED_MASTER_SECRET);
    Encounter met(server_.get());
    ASSERT_TRUE(met.handshake());
    EXPECT_FALSE(met.client().channel_binding());
}

}  // namespace
}  // namespace tern::test

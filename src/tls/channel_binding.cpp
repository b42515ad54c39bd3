// Channel bindings; see channel_binding.hpp.
#include "tls/channel_binding.hpp"

#include <array>
#include <string_view>

#include <openssl/err.h>

namespace tern::tls {
namespace {

std::optional<ChannelBinding> exported(SSL* ssl) {
    constexpr std::string_view label = "EXPORTER-Channel-Binding";
    std::array<unsigned char, 32> data{};
    constexpr int with_context = 1;  // RFC 9266 2: a context of length zero
    if (SSL_export_keying_material(ssl, data.data(), data.size(), label.data(), label.size(),
                                   nullptr, 0, with_context) != 1) {
        ERR_clear_error();
        return std::nullopt;
    }
    return ChannelBinding{"tls-exporter",
                          std::string(reinterpret_cast<const char*>(data.data()), data.size())};
}

// RFC 5929 3.1: the first Finished message, the client's in a full handshake, the server's in a
// resumed one.
std::optional<ChannelBinding> first_finished(SSL* ssl) {
    if (SSL_ctrl(ssl, SSL_CTRL_GET_EXTMS_SUPPORT, 0, nullptr) != 1) return std::nullopt;
    std::array<char, EVP_MAX_MD_SIZE> data{};
    const std::size_t size = SSL_session_reused(ssl) == 1
                                 ? SSL_get_peer_finished(ssl, data.data(), data.size())
                                 : SSL_get_finished(ssl, data.data(), data.size());
    if (size == 0 || size > data.size()) return std::nullopt;
    return ChannelBinding{"tls-unique", std::string(data.data(), size)};
}

}  // namespace

std::optional<ChannelBinding> channel_binding(SSL* ssl) {
    if (SSL_is_init_finished(ssl) != 1) return std::nullopt;
    return SSL_version(ssl) == TLS1_3_VERSION ? exported(ssl) : first_finished(ssl);
}

}  // namespace tern::tls

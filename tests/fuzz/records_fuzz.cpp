// A server that completes the handshake and then says whatever it likes under the right keys:
// KeyUpdates, tickets, alerts, requests for renegotiation, messages that do not belong there. Byte
// 0, bit 0: TLS 1.3, else 1.2; bit 1: bytes come one by one. Then records: a content type, two
// bytes of length, the content. What the client reads is the beginning of the application data, and
// it ends or waits.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "fuzz/tools.hpp"
#include "support/tls_client.hpp"

namespace {

using namespace tern;
using tern::fuzz::expect;

constexpr std::size_t most_content = 16UL * 1024;  // RFC 8446 5.1

std::string big_endian(std::uint64_t number, unsigned bytes) {
    std::string made;
    while (bytes-- > 0) made += static_cast<char>(number >> (8 * bytes) & 0xffU);
    return made;
}

void* octets(const std::string& text) { return const_cast<char*>(text.data()); }

std::string derive(const char* kdf, const OSSL_PARAM* parameters, std::size_t length) {
    EVP_KDF* const fetched = EVP_KDF_fetch(nullptr, kdf, nullptr);
    EVP_KDF_CTX* const context = EVP_KDF_CTX_new(fetched);
    std::string made(length, '\0');
    expect(EVP_KDF_derive(context, reinterpret_cast<unsigned char*>(made.data()), length,
                          parameters) == 1);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(fetched);
    return made;
}

// RFC 8446 7.1, HKDF-Expand-Label with an empty context.
std::string expand(const std::string& secret, const std::string& label, std::size_t length) {
    const std::string info = big_endian(length, 2) +
                             big_endian(label.size() + 6, 1) + "tls13 " + label +
                             std::string(1, '\0');
    std::string digest = "SHA256";
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, octets(secret), secret.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, octets(info), info.size()),
        OSSL_PARAM_construct_end()};
    return derive("HKDF", parameters, length);
}

// RFC 5246 6.3: the key block.
std::string key_block(const std::string& master, const std::string& randoms, std::size_t length) {
    std::string digest = "SHA256";
    const std::string seed = "key expansion" + randoms;
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, octets(master), master.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, octets(seed), seed.size()),
        OSSL_PARAM_construct_end()};
    return derive("TLS1-PRF", parameters, length);
}

std::string unhex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
    return bytes;
}

std::string secret;  // of the last handshake, from its key log

// SSL_CTX_set_keylog_callback(3ssl): LABEL, client random, secret.
void note_secret(const SSL*, const char* line) {
    const std::string_view words(line);
    if (words.starts_with("SERVER_TRAFFIC_SECRET_0") || words.starts_with("CLIENT_RANDOM"))
        secret = unhex(words.substr(words.rfind(' ') + 1));
}

/// What a record holds.
struct Inner {
    char type;
    std::string content;
};

// RFC 8446 5.4: zeros after the type are padding, and a type of zero is but one of them.
Inner without_padding(char type, std::string content) {
    while (type == 0 && !content.empty()) {
        type = content.back();
        content.pop_back();
    }
    return {type, std::move(content)};
}

/// The server's records, protected with AES-128-GCM.
class Records {
public:
    explicit Records(SSL* ssl) : tls13_(SSL_version(ssl) == TLS1_3_VERSION) {
        if (tls13_) {
            use(secret);
            return;
        }
        std::string randoms(64, '\0');
        auto* const bytes = reinterpret_cast<unsigned char*>(randoms.data());
        SSL_get_server_random(ssl, bytes, 32);
        SSL_get_client_random(ssl, bytes + 32, 32);
        const std::string block = key_block(secret, randoms, 40);
        key_ = block.substr(16, 16);
        iv_ = block.substr(36, 4);
        number_ = 1;  // Finished was 0
    }

    std::string record(char type, const std::string& content) {
        const std::string number = big_endian(number_++, 8);
        std::string made;
        if (tls13_) {
            const std::string inner = content + type;
            const std::string header = "\x17\x03\x03" + big_endian(inner.size() + 16, 2);
            std::string nonce = iv_;
            for (std::size_t i = 0; i < 8; ++i)
                nonce[i + 4] = static_cast<char>(nonce[i + 4] ^ number[i]);
            made = header + sealed(nonce, header, inner);
            follow_key_update(without_padding(type, content));
        } else {
            const std::string head = std::string(1, type) + "\x03\x03";
            made = head + big_endian(content.size() + 24, 2) + number +
                   sealed(iv_ + number, number + head + big_endian(content.size(), 2), content);
        }
        return made;
    }

private:
    void use(const std::string& traffic_secret) {
        traffic_secret_ = traffic_secret;
        key_ = expand(traffic_secret, "key", 16);
        iv_ = expand(traffic_secret, "iv", 12);
        number_ = 0;
    }
    // RFC 8446 4.6.3: what comes after it has the next keys.
    void follow_key_update(const Inner& inner) {
        if (inner.type == SSL3_RT_HANDSHAKE && inner.content.size() == 5 &&
            inner.content[0] == SSL3_MT_KEY_UPDATE)
            use(expand(traffic_secret_, "traffic upd", 32));
    }
    [[nodiscard]] std::string sealed(const std::string& nonce, const std::string& header,
                                     const std::string& content) const {
        const auto in = [](const std::string& text) {
            return reinterpret_cast<const unsigned char*>(text.data());
        };
        EVP_CIPHER_CTX* const context = EVP_CIPHER_CTX_new();
        std::string made(content.size() + 16, '\0');
        auto* const out = reinterpret_cast<unsigned char*>(made.data());
        int size = 0;
        EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), nullptr, in(key_), in(nonce));
        EVP_EncryptUpdate(context, nullptr, &size, in(header), static_cast<int>(header.size()));
        EVP_EncryptUpdate(context, out, &size, in(content), static_cast<int>(content.size()));
        EVP_EncryptFinal_ex(context, out + content.size(), &size);
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, out + content.size());
        EVP_CIPHER_CTX_free(context);
        return made;
    }

    const bool tls13_;
    std::string traffic_secret_;
    std::string key_;
    std::string iv_;
    std::uint64_t number_ = 0;
};

SSL_CTX* server(int version) {
    const auto make = [](int only) {
        static const test::Identity identity = test::make_identity({});
        tls::ContextPtr context = test::server_context(identity);
        SSL_CTX_set_max_proto_version(context.get(), only);
        SSL_CTX_set_num_tickets(context.get(), 0);
        SSL_CTX_set_keylog_callback(context.get(), note_secret);
        SSL_CTX_set_ciphersuites(context.get(), "TLS_AES_128_GCM_SHA256");
        SSL_CTX_set_cipher_list(context.get(), "ECDHE-ECDSA-AES128-GCM-SHA256");
        return context;
    };
    static const tls::ContextPtr newer = make(TLS1_3_VERSION);
    static const tls::ContextPtr older = make(TLS1_2_VERSION);
    return version == TLS1_3_VERSION ? newer.get() : older.get();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const bool tls13 = (data[0] & 1) != 0;
    test::Encounter met(server(tls13 ? TLS1_3_VERSION : TLS1_2_VERSION));
    if ((data[0] & 2) != 0) met.peer.longest_read = 1;
    expect(met.handshake().has_value());
    expect(met.says("EHLO me.example\r\n").has_value());
    Records records(met.peer.ssl());
    std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    std::string application_data;
    bool harmless = true;
    while (rest.size() > 3) {
        const std::size_t length = static_cast<unsigned char>(rest[1]) * 256U +
                                   static_cast<unsigned char>(rest[2]);
        const std::string content(rest.substr(3, length));
        met.peer.says_raw(records.record(rest[0], content));
        const Inner inner = tls13 ? without_padding(rest[0], content) : Inner{rest[0], content};
        if (inner.type == SSL3_RT_APPLICATION_DATA) application_data += inner.content;
        harmless = harmless && inner.type == SSL3_RT_APPLICATION_DATA && !inner.content.empty() &&
                   content.size() <= most_content;
        rest.remove_prefix(3 + content.size());
    }
    std::string heard;
    for (;;) {
        const Result<std::string> more = met.hears(1000);
        if (!more) {
            expect(!more.error().detail.empty());
            // After an end there is no more data.
            if (more.error().cause == Cause::tls) expect(!met.hears());
            break;
        }
        if (more->empty()) break;
        heard += *more;
        expect(heard.size() <= application_data.size());
    }
    expect(application_data.starts_with(heard));
    expect(!harmless || heard == application_data);  // the records are good ones
    (void)met.says("QUIT\r\n");
    return 0;
}

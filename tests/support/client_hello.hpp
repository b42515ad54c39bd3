// A ClientHello in parts (RFC 8446 4.1.2), to see what is offered. For tests only.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include "base/stream.hpp"
#include "tls/openssl.hpp"
#include "tls/tls_stream.hpp"

namespace tern::test {

/// Throws std::out_of_range where the bytes are no hello.
class ClientHello {
public:
    explicit ClientHello(std::string bytes) : bytes_(std::move(bytes)) {
        std::string_view rest(bytes_);
        take(rest, 5 + 4 + 2 + 32);  // record and handshake headers, version, random numbers
        take(rest, number(take(rest, 1)));
        ciphers_ = numbers(take(rest, number(take(rest, 2))));
        take(rest, number(take(rest, 1)));  // compression
        std::string_view extensions = take(rest, number(take(rest, 2)));
        while (!extensions.empty()) {
            const int type = static_cast<int>(number(take(extensions, 2)));
            extensions_[type] = take(extensions, number(take(extensions, 2)));
        }
    }

    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    [[nodiscard]] const std::vector<int>& ciphers() const { return ciphers_; }
    [[nodiscard]] std::vector<int> groups() const { return list(10); }
    [[nodiscard]] std::vector<int> signature_algorithms() const { return list(13); }
    [[nodiscard]] std::vector<int> extensions() const {
        std::vector<int> types;
        for (const auto& [type, content] : extensions_) types.push_back(type);
        return types;
    }

private:
    static std::string_view take(std::string_view& rest, std::size_t count) {
        if (rest.size() < count) throw std::out_of_range("it is not a whole ClientHello");
        const std::string_view taken = rest.substr(0, count);
        rest.remove_prefix(count);
        return taken;
    }
    static std::size_t number(std::string_view bytes) {
        std::size_t value = 0;
        for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
        return value;
    }
    static std::vector<int> numbers(std::string_view bytes) {
        std::vector<int> list;
        while (!bytes.empty()) list.push_back(static_cast<int>(number(take(bytes, 2))));
        return list;
    }
    [[nodiscard]] std::vector<int> list(int extension) const {
        std::string_view content = extensions_.at(extension);
        return numbers(take(content, number(take(content, 2))));
    }

    std::string bytes_;
    std::vector<int> ciphers_;
    std::map<int, std::string> extensions_;
};

/// The ClientHello of a plain OpenSSL client.
inline ClientHello hello_of(SSL_CTX* context) {
    const tls::SslPtr ssl(SSL_new(context));
    BIO* const out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
    SSL_set_connect_state(ssl.get());
    SSL_do_handshake(ssl.get());
    std::string hello(64UL * 1024, '\0');
    const int size = BIO_read(out, hello.data(), static_cast<int>(hello.size()));
    hello.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return ClientHello(std::move(hello));
}

/// The ClientHello that a TlsStream sends.
inline ClientHello hello_of(const tls::Requirement& requirement, const std::string& server) {
    class Listener final : public Stream {
    public:
        Task<std::size_t> read_some(std::span<char>, Deadline) override {
            co_return Failure(Stage::start, Cause::timed_out, "nothing is said");
        }
        Task<Done> write(std::string_view bytes, Deadline) override {
            heard += bytes;
            co_return Done();
        }
        std::string heard;
    };
    Listener listener;
    const auto client = tls::TlsStream::make(listener, requirement, {}, server);
    if (!client) throw std::runtime_error(client.error().detail);
    (void)(*client)->handshake(Deadline::max()).run();
    return ClientHello(std::move(listener.heard));
}

}  // namespace tern::test

// A TLS server in memory: a Stream whose far end is OpenSSL's own server, driven in the same
// thread. Nothing waits: where a socket would, read_some fails with timed_out. For tests only.
#pragma once

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/err.h>

#include "base/stream.hpp"
#include "support/certificates.hpp"
#include "tls/openssl.hpp"

namespace tern::test {

/// A server's context that shows `identity` and `chain`, at security level 0.
inline tls::ContextPtr server_context(const Identity& identity,
                                      const std::vector<const Identity*>& chain = {}) {
    tls::start_openssl();
    tls::ContextPtr context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
    if (SSL_CTX_use_certificate(context.get(), identity.certificate.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context.get(), identity.key) != 1)
        throw std::runtime_error("the server cannot use its certificate");
    for (const Identity* above : chain)
        SSL_CTX_add1_chain_cert(context.get(), above->certificate.get());
    return context;
}

class TlsPeer final : public Stream {
public:
    explicit TlsPeer(SSL_CTX* context) : ssl_(SSL_new(context)) {
        in_ = BIO_new(BIO_s_mem());
        out_ = BIO_new(BIO_s_mem());
        SSL_set_bio(ssl_.get(), in_, out_);
        SSL_set_accept_state(ssl_.get());
    }

    /// What tests change before or between calls.
    std::size_t longest_read = std::numeric_limits<std::size_t>::max();
    /// Bytes that may still be written; then the write fails with `write_fails_as`.
    std::size_t room = std::numeric_limits<std::size_t>::max();
    Cause write_fails_as = Cause::closed;
    /// The server's bytes that still arrive; then comes `ends_as`, or the end of the stream.
    std::size_t arriving = std::numeric_limits<std::size_t>::max();
    std::optional<Cause> ends_as;
    bool hung_up = false;
    /// May change the server's bytes on their way.
    std::function<void(std::string&)> on_the_way;

    /// What the client sent, decrypted.
    std::string received;
    /// The sizes of the client's writes.
    std::vector<std::size_t> writes;
    bool client_closed = false;  ///< its close_notify came
    std::string trouble;         ///< what the server's OpenSSL complained of

    [[nodiscard]] SSL* ssl() { return ssl_.get(); }
    [[nodiscard]] std::string server_name() {
        const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
        return name == nullptr ? std::string() : name;
    }

    /// The server says this, encrypted.
    void says(std::string_view bytes) {
        std::size_t written = 0;
        if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) != 1)
            throw std::runtime_error("the server cannot write");
    }
    void says_close_notify() { SSL_shutdown(ssl_.get()); }
    /// Bytes on the wire as they are.
    void says_raw(std::string_view bytes) {
        BIO_write(out_, bytes.data(), static_cast<int>(bytes.size()));
    }

    Task<std::size_t> read_some(std::span<char> into, Deadline) override {
        collect();
        if (pending_.empty() || arriving == 0) {
            if (arriving == 0 && ends_as) co_return Failure(Stage::start, *ends_as, "cut off");
            if (hung_up || arriving == 0) co_return std::size_t(0);
            co_return Failure(Stage::start, Cause::timed_out, "the peer is silent");
        }
        const std::size_t count =
            std::min(std::min(into.size(), pending_.size()), std::min(longest_read, arriving));
        std::copy_n(pending_.begin(), count, into.begin());
        pending_.erase(0, count);
        arriving -= count;
        co_return count;
    }

    Task<Done> write(std::string_view bytes, Deadline) override {
        const bool fits = bytes.size() <= room;
        const std::string_view taken = bytes.substr(0, room);
        writes.push_back(taken.size());
        room -= taken.size();
        BIO_write(in_, taken.data(), static_cast<int>(taken.size()));
        serve();
        if (!fits) co_return Failure(Stage::start, write_fails_as, "the peer does not read");
        co_return Done();
    }

private:
    void serve() {
        ERR_clear_error();
        if (!SSL_is_init_finished(ssl_.get())) {
            const int outcome = SSL_do_handshake(ssl_.get());
            if (outcome != 1) {
                note(outcome);
                return;
            }
        }
        char block[16 * 1024];
        for (;;) {
            std::size_t count = 0;
            const int outcome = SSL_read_ex(ssl_.get(), block, sizeof block, &count);
            if (outcome != 1) {
                note(outcome);
                return;
            }
            received.append(block, count);
        }
    }

    void note(int outcome) {
        const int error = SSL_get_error(ssl_.get(), outcome);
        if (error == SSL_ERROR_ZERO_RETURN) client_closed = true;
        else if (error != SSL_ERROR_WANT_READ && trouble.empty())
            trouble = tls::take_openssl_reason();
    }

    void collect() {
        char* bytes = nullptr;
        const long length = BIO_get_mem_data(out_, &bytes);
        if (length <= 0) return;
        std::string fresh(bytes, static_cast<std::size_t>(length));
        (void)BIO_reset(out_);
        if (on_the_way) on_the_way(fresh);
        pending_ += fresh;
    }

    tls::SslPtr ssl_;
    BIO* in_ = nullptr;   // owned by ssl_
    BIO* out_ = nullptr;  // owned by ssl_
    std::string pending_;
};

}  // namespace tern::test

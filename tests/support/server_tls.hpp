// The server's side of TLS over any Stream: OpenSSL's own server, driven over memory BIOs. For
// tests only; the client under test has its own driver.
#pragma once

#include <string>
#include <string_view>

#include "base/stream.hpp"
#include "support/certificates.hpp"
#include "tls/openssl.hpp"

namespace tern::test {

/// The certificates that simulated servers show. All keys are Ed25519: their signatures have one
/// length, so the same seed gives the same bytes at the same times.
enum class Certificate {
    good,         ///< for the server's name, signed by the authority that tests trust
    wrong_name,   ///< for elsewhere.example
    expired,
    self_signed,
    /// good; and the server refuses clients without one of theirs (under TLS 1.3 at their first
    /// read)
    wants_client_certificate,
    asks_for_client_certificate,  ///< good; and the server takes clients without one, too
};

/// The PEM file with the authority that signed them, made once per process.
[[nodiscard]] const std::string& trusted_authority_file();
/// The context of a server called `name`; made once for each.
[[nodiscard]] SSL_CTX* server_context(const std::string& name, Certificate kind);

class ServerTls final : public Stream {
public:
    /// `below` must live while bytes are read or written.
    ServerTls(Stream& below, SSL_CTX* context);

    /// Fails with Cause::tls when the client and we cannot agree.
    Task<Done> accept(Deadline deadline);
    /// Asks the client for another handshake (TLS 1.2: HelloRequest), once the first one is over.
    Task<Done> asks_for_renegotiation(Deadline deadline);
    Task<std::size_t> read_some(std::span<char> into, Deadline deadline) override;
    Task<Done> write(std::string_view bytes, Deadline deadline) override;

    [[nodiscard]] std::string server_name() const;
    /// Everything decrypted so far.
    [[nodiscard]] const std::string& decrypted() const { return decrypted_; }
    /// Decrypts what the client wrote and the test has not read. `ciphertext` is all of it, from
    /// the first byte of TLS on.
    void decrypt_rest(std::string_view ciphertext);

private:
    Task<Done> flush(Deadline deadline);
    Task<Done> refill(Deadline deadline);

    Stream& below_;
    tls::SslPtr ssl_;
    BIO* in_;
    BIO* out_;
    std::size_t fed_ = 0;
    std::string decrypted_;
    char buffer_[8 * 1024];
};

}  // namespace tern::test

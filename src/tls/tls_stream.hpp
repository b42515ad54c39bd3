// TLS over any Stream: OpenSSL with memory BIOs, so that the same code runs on sockets and in the
// simulation. It must not know SMTP.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/channel_binding.hpp"
#include "base/stream.hpp"
#include "tls/requirement.hpp"

namespace tern::tls {

/// What the operator sets for all sessions.
struct ClientSettings {
    /// control/tlsclientciphers, lines joined with ':'; empty keeps OpenSSL's default.
    std::string ciphers;
    /// PEM with the chain to show when a server asks; empty for none. Relative to home.
    std::string certificate_file;
    /// PEM with its key; empty: it is in the same file.
    std::string key_file;

    friend bool operator==(const ClientSettings&, const ClientSettings&) = default;
};

/// What was agreed, for transcripts and reports.
struct Established {
    std::string version;  ///< "TLSv1.3"
    std::string cipher;   ///< "TLS_AES_256_GCM_SHA384"
    bool verified = false;
};

struct Facts;

/// A TLS session as a Stream. `below` must outlive it.
class TlsStream final : public Stream {
public:
    /// Makes the context and session for one connection; no I/O on the network.
    /// `server_name` is sent as SNI when not empty (a DNS name; RFC 6066 3).
    /// Fails with Cause::control_file when OpenSSL refuses tlsclientciphers or the trust file
    /// cannot be read or holds no certificate (with the file's name and why), Cause::resources
    /// when memory is short.
    [[nodiscard]] static Result<std::unique_ptr<TlsStream>> make(Stream& below,
                                                                 const Requirement& requirement,
                                                                 const ClientSettings& settings,
                                                                 const std::string& server_name);
    ~TlsStream() override;

    /// The handshake, and the verification that the requirement demands. Fails with Cause::tls when
    /// TLS could not be agreed (also on close and reset), timed_out when it stalled, unverified
    /// when the certificate does not satisfy the demand; the detail then has further lines that say
    /// which certificate came and what was required (tls/verify.hpp). Without memory it fails with
    /// Cause::resources, here and below. All with Stage::handshake.
    Task<Established> handshake(Deadline deadline);

    /// As Stream. An alert that ends the session before its first application byte fails with
    /// Stage::handshake and Cause::tls: under TLS 1.3 the server's refusal of the handshake
    /// arrives only here. So does a connection lost before anything came after that handshake.
    Task<std::size_t> read_some(std::span<char> into, Deadline deadline) override;
    Task<Done> write(std::string_view bytes, Deadline deadline) override;
    void extend_writes(Duration idle) override;
    [[nodiscard]] std::size_t unsent() const override;
    [[nodiscard]] bool holds_output() const override;

    /// Writes `farewell` and TLS's close_notify in one go, as far as the kernel takes them at once.
    Task<Done> write_last(std::string_view farewell, Deadline deadline);

    /// What a login in this session can be bound to (RFC 5056): tls-exporter under TLS 1.3,
    /// tls-unique under TLS 1.2; nothing before the handshake, or where it would not be safe.
    [[nodiscard]] std::optional<ChannelBinding> channel_binding() const;

    /// What is wrong with the client certificate file, when the server requested a certificate and
    /// that one could not be used; else empty.
    [[nodiscard]] std::string certificate_trouble() const;

    /// What was agreed and the certificates that came (tls/facts.hpp), also when they did not
    /// satisfy the demand. For once the handshake has ended; costs nothing before it is asked.
    [[nodiscard]] Facts facts() const;

private:
    struct Session;
    explicit TlsStream(std::unique_ptr<Session> session);
    std::unique_ptr<Session> session_;
};

}  // namespace tern::tls

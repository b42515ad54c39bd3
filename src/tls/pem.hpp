// Files of PEM and the certificates in them. It judges none of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"
#include "tls/openssl.hpp"

namespace tern::tls {

/// A whole file.
struct FileContents {
    WipedText bytes;  ///< a private key may be in them
    int error = 0;  ///< errno; bytes are worth nothing then

    /// The error in words.
    [[nodiscard]] std::string why() const;
};

/// Reads a file of at most 16 MB; never waits for one, whatever is in its place.
[[nodiscard]] FileContents read_whole_file(const std::string& path);

/// OpenSSL's look at bytes that stay where they are; nullptr without memory.
[[nodiscard]] BioPtr view_of(std::string_view bytes);

/// Asked for a passphrase there is no one to type one: a callback that gives none, and notes
/// in the bool that `was_asked` points to, if to any, that it was called.
int no_passphrase(char*, int, int, void* was_asked);

struct PemCertificates {
    std::vector<CertificatePtr> list;
    std::string trouble;  ///< why there are no more, when a block is broken
};

/// Every certificate of a PEM text, up to the first that cannot be read.
[[nodiscard]] PemCertificates read_certificates(std::string_view pem);

}  // namespace tern::tls

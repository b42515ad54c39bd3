// Whom a demand trusts: every certificate of a file, or those of a directory that a chain asks for,
// found by their names' hashes as `openssl rehash` lays them out. It must not know connections.
#pragma once

#include <string>
#include <string_view>

#include <openssl/x509_vfy.h>

#include "base/failure.hpp"
#include "tls/requirement.hpp"
#include "tls/verify.hpp"

namespace tern::tls {

/// What `trust_file` of a requirement is.
enum class TrustForm {
    file,       ///< PEM, read as a whole
    directory,  ///< of files called by hash, read when a chain asks for them
};

/// Makes `store` trust what the requirement's file holds; of a directory nothing is read yet. Fails
/// with Cause::control_file when it cannot be read, holds no certificate or a broken one.
[[nodiscard]] Result<TrustForm> trust(X509_STORE* store, const Requirement& requirement);

/// verify_server() where the trust is a directory: first adds what it holds of the authorities that
/// the server's chain names. Where the chain does not hold and the directory is to blame (a file in
/// it that was asked for cannot be used, or it holds none by hash), the cause is control_file.
[[nodiscard]] Verification verify_by_directory(X509_STORE_CTX* store,
                                               const Requirement& requirement);

/// What files of certificates with this subject are called, but for the dot and the number after
/// it: eight hexadecimal digits (openssl-rehash(1ssl)). Empty when OpenSSL cannot tell.
[[nodiscard]] std::string hash_of(const X509_NAME* subject);

/// Whether a file of that name may be asked for: `5ed36f99.0`.
[[nodiscard]] bool is_called_by_hash(std::string_view name);

}  // namespace tern::tls

// Whom a certificate names, whether that is whom we wanted, and why not in words. It must not know
// connections or who requires what.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <openssl/x509.h>

#include "base/failure.hpp"
#include "tls/requirement.hpp"

namespace tern::tls {

/// What a certificate says of its owner. The names are the peer's bytes as they came; the other
/// texts are cut to a length and hold no control characters.
struct PeerIdentity {
    /// Every dNSName of subjectAltName, embedded NULs and all.
    std::vector<std::string> dns_names;
    /// The subject's CommonNames in UTF-8.
    std::vector<std::string> common_names;
    /// subjectAltName is there and cannot be understood; then no name counts.
    bool names_unreadable = false;
    std::string subject;
    std::string issuer;
    std::string valid_from;
    std::string valid_until;
};

[[nodiscard]] PeerIdentity identity_of(const X509* certificate);

/// Whether a name of a certificate covers the DNS name `reference`: equal without regard to case,
/// or `*.` in place of exactly one label (contract.md#tls-files). A NUL never matches.
[[nodiscard]] bool name_covers(std::string_view name, std::string_view reference);

/// Whether the certificate is for `reference`: by a dNSName, or by a CommonName where there is no
/// dNSName at all. A CommonName never has wildcards (contract.md#commonname).
[[nodiscard]] bool carries_name(const PeerIdentity& identity, std::string_view reference);

/// The names that count, for people: at most 20, each cut to 200 bytes; never empty.
[[nodiscard]] std::string listed_names(const PeerIdentity& identity);

/// Printable form of bytes of the peer: cut to 200 bytes, control characters as '?'.
[[nodiscard]] std::string printable(std::string_view bytes);

/// Where OpenSSL stopped in a chain, and why.
struct ChainTrouble {
    int error = 0;        ///< X509_V_ERR_...
    int depth = 0;        ///< 0 for the server's own certificate
    std::string subject;  ///< of the certificate it stopped at
};

/// Why the certificate does not satisfy the requirement. The first line is the reason; the next say
/// which certificate came, with its dates when they are the matter, and what was required by which
/// file. Only we end lines.
[[nodiscard]] std::string explain_chain(const PeerIdentity& identity, const ChainTrouble& trouble,
                                        const Requirement& requirement);
[[nodiscard]] std::string explain_name(const PeerIdentity& identity,
                                       const Requirement& requirement);
[[nodiscard]] std::string explain_no_certificate(const Requirement& requirement);

/// What a server's certificate was found to be, or why not.
struct Verification {
    bool held = false;
    std::string explanation;  ///< when it did not hold
    /// When it did not hold: control_file or resources where the trouble is our own.
    Cause cause = Cause::unverified;
};

/// Verifies the chain that `store` holds and the name that `requirement` demands. On failure
/// `store` keeps the reason, from which OpenSSL makes the alert.
[[nodiscard]] Verification verify_server(X509_STORE_CTX* store, const Requirement& requirement);

}  // namespace tern::tls

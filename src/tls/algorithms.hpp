// Which of OpenSSL's algorithms are there. For files of this layer only.
#pragma once

namespace tern::tls {

/// Loads a provider that is OpenSSL's default one but hides the algorithms that neither a handshake
/// with OpenSSL's default cipher list and without a client certificate nor SASL can need. What a
/// later OpenSSL adds is not hidden. The first fetch of an algorithm constructs all others of its
/// kind that a provider shows, 124 ciphers for the dozen that are used: half of what a first
/// handshake costs.
///
/// Has effect only before OpenSSL's first use in the process, and where libcrypto is linked
/// statically (the shared one does not export what this needs). Gives whether it had; otherwise the
/// default provider serves.
bool show_few_algorithms();

/// Loads the default provider beside it: for a private key, and for ciphers an operator chose.
void show_all_algorithms();

}  // namespace tern::tls

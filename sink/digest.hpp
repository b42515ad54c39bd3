// SHA-256 of a stream of pieces, by OpenSSL.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/evp.h>

namespace tern::sink {

class Sha256 {
public:
    Sha256();
    void add(std::string_view piece);
    /// Gives the digest of all pieces in lower-case hex. Nothing may be added afterwards.
    std::string finish();

private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace tern::sink

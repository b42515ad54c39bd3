// SHA-256, fetched once: EVP_sha256() would be looked up again for each message.
#include "sink/digest.hpp"

#include <array>
#include <stdexcept>

namespace tern::sink {

namespace {

const EVP_MD* sha256() {
    static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> fetched(
        EVP_MD_fetch(nullptr, "SHA256", nullptr), &EVP_MD_free);
    return fetched.get();
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    if (!context_ || EVP_DigestInit_ex2(context_.get(), sha256(), nullptr) != 1)
        throw std::runtime_error("OpenSSL has no SHA-256");
}

void Sha256::add(std::string_view piece) {
    if (EVP_DigestUpdate(context_.get(), piece.data(), piece.size()) != 1)
        throw std::runtime_error("OpenSSL cannot compute SHA-256");
}

std::string Sha256::finish() {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned count = 0;
    if (EVP_DigestFinal_ex(context_.get(), bytes.data(), &count) != 1)
        throw std::runtime_error("OpenSSL cannot compute SHA-256");
    std::string hex;
    for (unsigned i = 0; i < count; ++i) {
        hex += digits[bytes[i] >> 4U];
        hex += digits[bytes[i] & 15U];
    }
    return hex;
}

}  // namespace tern::sink

// Hashes and keyed hashes by OpenSSL, as values that wipe themselves.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tern::sasl {

enum class Hash { md5, sha1, sha256 };

class Digest {
public:
    static constexpr std::size_t longest = 64;

    Digest() = default;
    Digest(const Digest&) = default;
    Digest& operator=(const Digest&) = default;
    ~Digest();

    [[nodiscard]] std::string_view bytes() const {
        return {reinterpret_cast<const char*>(bytes_.data()), size_};
    }
    /// Combines both, which must be of the same hash (RFC 5802 2.2, XOR).
    Digest& operator^=(const Digest& other);

private:
    friend std::optional<Digest> digest(Hash, std::string_view);
    friend std::optional<Digest> hmac(Hash, std::string_view, std::string_view);
    friend std::optional<Digest> pbkdf2(Hash, std::string_view, std::string_view, std::uint32_t);

    std::array<unsigned char, longest> bytes_{};
    std::size_t size_ = 0;
};

/// Nothing from any of them: OpenSSL has no memory, or its build lacks the hash.
[[nodiscard]] std::optional<Digest> digest(Hash hash, std::string_view text);
/// RFC 2104 2.
[[nodiscard]] std::optional<Digest> hmac(Hash hash, std::string_view key, std::string_view text);
/// Hi() of RFC 5802 2.2: one block of PBKDF2 (RFC 8018 5.2).
[[nodiscard]] std::optional<Digest> pbkdf2(Hash hash, std::string_view password,
                                           std::string_view salt, std::uint32_t iterations);

/// Compares without telling by its duration where they differ.
[[nodiscard]] bool same_bytes(std::string_view a, std::string_view b);

}  // namespace tern::sasl

// The bytes between OpenSSL and a Stream: two buffers that OpenSSL sees as one BIO. No I/O happens
// here. It must not know TLS.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <openssl/bio.h>

namespace tern::tls {

/// Memory on both sides of an SSL object. OpenSSL's own memory BIO would copy each record once more
/// and wipe its buffer after each.
class Wire {
public:
    Wire();
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    /// A BIO that reads from `incoming` and appends to `outgoing`; nullptr when memory is short.
    /// The Wire must outlive it.
    [[nodiscard]] BIO* make_bio();

    /// Where new bytes from the peer go; only when OpenSSL has asked for more, that is, when all
    /// earlier ones are taken.
    [[nodiscard]] std::span<char> space() { return incoming_; }
    void received(std::size_t bytes);

    /// What OpenSSL wants sent.
    [[nodiscard]] std::string_view outgoing() const { return {outgoing_.data(), outgoing_.size()}; }
    void clear_outgoing() { outgoing_.clear(); }

private:
    static int read(BIO* bio, char* into, int most);
    static int write(BIO* bio, const char* bytes, int count);
    static long control(BIO* bio, int command, long number, void* pointer);
    static BIO_METHOD* method();

    // One TLS record of full size and its header fit (RFC 8446 5.2).
    static constexpr std::size_t buffer_size = 17UL * 1024;

    std::array<char, buffer_size> incoming_;
    std::size_t taken_ = 0;
    std::size_t received_ = 0;
    std::vector<char> outgoing_;
};

}  // namespace tern::tls

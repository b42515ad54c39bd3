// Files of certificates and keys, and lists of ciphers, of any bytes: a context is made or the
// trouble is reported, and neither half a certificate nor none is taken for one. Byte 0 chooses
// which file the input is; in that of a client's certificate, the key may follow a NUL.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include <openssl/err.h>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "fuzz/tools.hpp"
#include "tls/context.hpp"
#include "tls/facts.hpp"
#include "tls/pem.hpp"

namespace {

using namespace tern;
using tern::fuzz::expect;

/// A file in memory with a path.
class File {
public:
    File() : descriptor_(::memfd_create("pem", MFD_CLOEXEC)) { expect(descriptor_ >= 0); }
    std::string holds(std::string_view content) {
        expect(::ftruncate(descriptor_, 0) == 0);
        expect(::pwrite(descriptor_, content.data(), content.size(), 0) ==
               static_cast<ssize_t>(content.size()));
        return concat("/proc/self/fd/", descriptor_);
    }

private:
    int descriptor_;
};

int look_at_nothing(X509_STORE_CTX*, void*) { return 1; }

Result<tls::Context> make(const tls::Requirement& requirement,
                          const tls::ClientSettings& settings) {
    Result<tls::Context> made = tls::make_context(requirement, settings, &look_at_nothing);
    ERR_clear_error();
    return made;
}

void judge_client_certificate(std::string_view input) {
    static File certificate;
    static File key;
    const std::string_view first = input.substr(0, input.find('\0'));
    tls::ClientSettings settings;
    settings.certificate_file = certificate.holds(first);
    if (first.size() < input.size())
        settings.key_file = key.holds(input.substr(first.size() + 1));
    const Result<tls::Context> made = make({}, settings);
    expect(made.has_value());
    const std::string& trouble = made->certificate_trouble;
    expect(trouble.empty() == (SSL_CTX_check_private_key(made->ssl.get()) == 1));
    expect(std::ranges::none_of(trouble, is_control));
    ERR_clear_error();
}

void judge_trust(std::string_view input) {
    static File file;
    const Result<tls::Context> made =
        make(tls::Requirement::verified(file.holds(input), "mx.example.com"), {});
    if (!made) {
        expect(!made.error().detail.empty());
        return;
    }
    const std::vector<tls::CertificateFacts> all = tls::facts_of_pem(input);
    expect(!all.empty());
    for (const tls::CertificateFacts& each : all)
        expect(each.sha256.size() == 64 && each.key.size() < 200 && each.signature.size() < 200);
}

void judge_ciphers(std::string_view input) {
    tls::ClientSettings settings;
    settings.ciphers = input;
    const tls::CipherLists parted = tls::part_ciphers(input);
    constexpr std::size_t added = std::string_view("DEFAULT:").size();
    expect(parted.tls13.size() + parted.older.size() <= input.size() + added);
    const Result<tls::Context> made = make({}, settings);
    expect(made || made.error().cause == Cause::control_file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    tls::start_openssl();
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 3) {
        case 0: judge_client_certificate(input); break;
        case 1: judge_trust(input); break;
        default: judge_ciphers(input); break;
    }
    return 0;
}

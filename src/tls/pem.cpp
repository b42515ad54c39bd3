// Files of PEM; see pem.hpp.
#include "tls/pem.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/error_words.hpp"
#include "base/text.hpp"

namespace tern::tls {
namespace {

constexpr std::size_t largest_file = 16UL * 1024 * 1024;  // bytes; every CA there is takes 220 KB

// The end of the PEM blocks, as opposed to a broken one. Takes the error away in the first case.
bool is_end_of_pem() {
    const unsigned long error = ERR_peek_last_error();
    if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
        return false;
    ERR_clear_error();
    return true;
}

}  // namespace

std::string FileContents::why() const { return error_words(error); }

FileContents read_whole_file(const std::string& path) {
    FileContents contents;
    errno = 0;
    // O_NONBLOCK: whatever stands in the file's place, opening it must not wait.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const std::unique_ptr<FILE, Releaser<std::fclose>> file(
        descriptor < 0 ? nullptr : ::fdopen(descriptor, "rb"));
    if (!file) {
        contents.error = errno;
        if (descriptor >= 0) ::close(descriptor);
        return contents;
    }
    std::vector<char> block(16UL * 1024);
    while (const std::size_t got = std::fread(block.data(), 1, block.size(), file.get())) {
        contents.bytes.append(block.data(), got);
        if (contents.bytes.size() > largest_file) {
            contents.error = EFBIG;
            return contents;
        }
    }
    if (std::ferror(file.get()) != 0) contents.error = errno;
    return contents;
}

BioPtr view_of(const std::string& bytes) {
    return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

int no_passphrase(char*, int, int, void* was_asked) {
    if (was_asked != nullptr) *static_cast<bool*>(was_asked) = true;
    return -1;
}

PemCertificates read_certificates(const std::string& pem) {
    PemCertificates result;
    const BioPtr source = view_of(pem);
    ERR_clear_error();
    while (source) {
        CertificatePtr certificate(
            PEM_read_bio_X509_AUX(source.get(), nullptr, no_passphrase, nullptr));
        if (!certificate) break;
        result.list.push_back(std::move(certificate));
    }
    if (!is_end_of_pem()) {
        result.trouble = result.list.empty()
                             ? "cannot parse the first certificate"
                             : text("cannot parse what follows certificate ", result.list.size());
        result.trouble += text(": ", take_openssl_reason());
    }
    return result;
}

}  // namespace tern::tls

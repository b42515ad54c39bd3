// Files of PEM; see pem.hpp.
#include "tls/pem.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/error_words.hpp"
#include "base/text.hpp"

namespace tern::tls {
namespace {

constexpr std::size_t first_room = 16UL * 1024;
constexpr std::size_t largest_file = 16UL * 1024 * 1024;  // bytes; every CA there is takes 220 KB

struct Closer {
    int descriptor;
    ~Closer() { ::close(descriptor); }
};

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
    // O_NONBLOCK: whatever is in the file's place, opening it must not wait.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        contents.error = errno;
        return contents;
    }
    const Closer closer{descriptor};
    contents.bytes.resize(first_room);
    std::size_t filled = 0;
    for (;;) {
        const ssize_t got =
            ::read(descriptor, contents.bytes.data() + filled, contents.bytes.size() - filled);
        if (got > 0) filled += static_cast<std::size_t>(got);
        else if (got == 0 || errno != EINTR) contents.error = got < 0 ? errno : 0;
        if (filled > largest_file) contents.error = EFBIG;
        if (got == 0 || contents.error != 0) break;
        if (filled == contents.bytes.size()) contents.bytes.resize(2 * filled);
    }
    contents.bytes.resize(filled);
    return contents;
}

BioPtr view_of(std::string_view bytes) {
    return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

int no_passphrase(char*, int, int, void* was_asked) {
    if (was_asked != nullptr) *static_cast<bool*>(was_asked) = true;
    return -1;
}

PemCertificates read_certificates(std::string_view pem) {
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
                             : concat("cannot parse what follows certificate ", result.list.size());
        result.trouble += concat(": ", take_openssl_reason());
    }
    return result;
}

}  // namespace tern::tls

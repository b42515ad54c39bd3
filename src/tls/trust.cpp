// Trust in a file or in a directory; see trust.hpp. OpenSSL's own look-up by hash takes a file that
// cannot be read for one that is not there; here it is trouble, and reported.
#include "tls/trust.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "tls/openssl.hpp"
#include "tls/pem.hpp"

namespace tern::tls {
namespace {

constexpr std::size_t hash_digits = 8;
constexpr int most_of_one_hash = 100;  // files; a root and the one that renews it make two

using DirectoryPtr = std::unique_ptr<DIR, Releaser<::closedir>>;

Failure openssl_trouble() {
    return {Stage::handshake, Cause::resources,
            concat("cannot set up TLS: ", take_openssl_reason())};
}

Failure trust_failure(const Requirement& requirement, const std::string& path,
                      const std::string& why) {
    std::string detail = concat(path, " ", why);
    if (requirement.origin != requirement.trust_file)
        detail += concat("; required by ", requirement.origin);
    return {Stage::handshake, Cause::control_file, std::move(detail)};
}

bool is_link(const std::string& path) {
    struct stat status;
    return ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

// What keeps the contents from being trusted; empty: nothing does.
std::string fault_of(const std::string& path, const FileContents& file,
                     const PemCertificates& certificates) {
    if (file.error == ENOENT && is_link(path)) return "is a dangling symbolic link";
    if (file.error != 0) return concat("cannot be read: ", file.why());
    if (!certificates.trouble.empty()) return concat("is not usable: ", certificates.trouble);
    if (certificates.list.empty())
        return "contains no certificate; it must contain trusted CA certificates in PEM format";
    return {};
}

bool add_to(X509_STORE* store, const PemCertificates& certificates) {
    return std::ranges::all_of(certificates.list, [store](const CertificatePtr& certificate) {
        return X509_STORE_add_cert(store, certificate.get()) == 1;
    });
}

/// Reads from a directory what a chain may end in: the certificates called as one of its subjects
/// or issuers, and the issuers of those in turn. OpenSSL takes chains of 100 KB at most, which name
/// some hundreds; the directory's own files bound the rest.
class Search {
public:
    Search(X509_STORE* store, const Requirement& requirement)
        : store_(store), requirement_(requirement) {}

    void ask_for(const X509_NAME* name) {
        std::string hash = hash_of(name);
        if (hash.empty()) note(openssl_trouble());
        else if (std::ranges::find(hashes_, hash) == hashes_.end())
            hashes_.push_back(std::move(hash));
    }
    /// Gives the first trouble.
    std::optional<Failure> run() {
        for (std::size_t next = 0; next < hashes_.size(); ++next) {
            const std::string file = concat(requirement_.trust_file, "/", hashes_[next], ".");
            // X509_LOOKUP_hash_dir(3ssl): the first number that is not there ends them.
            for (int number = 0; number < most_of_one_hash; ++number)
                if (!take(concat(file, number))) break;
        }
        return std::move(trouble_);
    }

private:
    // False when there is no such file.
    bool take(const std::string& path) {
        const FileContents file = read_whole_file(path);
        if (file.error == ENOENT && !is_link(path)) return false;
        const PemCertificates certificates = read_certificates(file.bytes);
        if (std::string fault = fault_of(path, file, certificates); !fault.empty()) {
            note(trust_failure(requirement_, path, fault));
        } else if (!add_to(store_, certificates)) {
            note(openssl_trouble());
        } else {
            for (const CertificatePtr& certificate : certificates.list)
                ask_for(X509_get_issuer_name(certificate.get()));
        }
        return true;
    }
    void note(Failure failure) {
        if (!trouble_) trouble_ = std::move(failure);
    }

    X509_STORE* store_;
    const Requirement& requirement_;
    std::vector<std::string> hashes_;  // each once
    std::optional<Failure> trouble_;
};

// Looked at only when nothing was found: why nothing ever can be.
std::optional<Failure> fault_of_directory(const Requirement& requirement) {
    const std::string& path = requirement.trust_file;
    errno = 0;
    const DirectoryPtr directory(::opendir(path.c_str()));
    if (!directory) {
        FileContents nothing;
        nothing.error = errno;
        return trust_failure(requirement, path, concat("cannot be read: ", nothing.why()));
    }
    while (const dirent* entry = ::readdir(directory.get()))
        if (is_called_by_hash(entry->d_name)) return std::nullopt;
    return trust_failure(requirement, path,
                         concat("contains no certificate named by its hash; put trusted CA "
                                "certificates into it and run: openssl rehash ",
                                path));
}

}  // namespace

Result<TrustForm> trust(X509_STORE* store, const Requirement& requirement) {
    // PARTIAL_CHAIN: what the operator put there is trusted, be it a root, an intermediate or the
    // server's own certificate.
    if (X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1)
        return tl::unexpected(openssl_trouble());
    const FileContents file = read_whole_file(requirement.trust_file);
    if (file.error == EISDIR) return TrustForm::directory;
    if (file.error == 0 && file.bytes.find_first_not_of(" \t\r\n") == file.bytes.npos)
        return tl::unexpected(trust_failure(
            requirement, requirement.trust_file,
            "is empty; it must contain trusted CA certificates in PEM format"));
    const PemCertificates certificates = read_certificates(file.bytes);
    if (std::string fault = fault_of(requirement.trust_file, file, certificates); !fault.empty())
        return tl::unexpected(trust_failure(requirement, requirement.trust_file, fault));
    if (!add_to(store, certificates)) return tl::unexpected(openssl_trouble());
    return TrustForm::file;
}

Verification verify_by_directory(X509_STORE_CTX* store, const Requirement& requirement) {
    Search search(X509_STORE_CTX_get0_store(store), requirement);
    const STACK_OF(X509)* const chain = X509_STORE_CTX_get0_untrusted(store);
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        search.ask_for(X509_get_subject_name(sk_X509_value(chain, i)));
        search.ask_for(X509_get_issuer_name(sk_X509_value(chain, i)));
    }
    std::optional<Failure> trouble = search.run();
    Verification result = verify_server(store, requirement);
    // A chain that holds needed nothing of what could not be read.
    if (result.held || X509_STORE_CTX_get_error(store) == X509_V_ERR_HOSTNAME_MISMATCH)
        return result;
    if (!trouble) trouble = fault_of_directory(requirement);
    if (trouble) {
        result.cause = trouble->cause;
        result.explanation = std::move(trouble->detail);
    }
    return result;
}

std::string hash_of(const X509_NAME* subject) {
    int hashed = 0;
    const unsigned long hash = X509_NAME_hash_ex(subject, nullptr, nullptr, &hashed);
    if (hashed != 1) return {};
    std::array<char, 2 * sizeof hash + 1> digits{};
    std::snprintf(digits.data(), digits.size(), "%08lx", hash);
    return digits.data();
}

bool is_called_by_hash(std::string_view name) {
    const std::size_t dot = name.find('.');
    if (dot != hash_digits || name.size() == dot + 1) return false;
    const auto is_hexadecimal = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); };
    return std::ranges::all_of(name.substr(0, dot), is_hexadecimal) &&
           std::ranges::all_of(name.substr(dot + 1), is_digit);
}

}  // namespace tern::tls

// What a server's certificate is verified by, file or directory; see check_parts.hpp.
#include <sys/stat.h>

#include <algorithm>
#include <chrono>

#include "base/text.hpp"
#include "control/control_file.hpp"
#include "explain/check/check_parts.hpp"
#include "explain/show/printable.hpp"
#include "tls/context.hpp"
#include "tls/facts.hpp"
#include "tls/trust.hpp"

namespace tern::explain {
namespace {

constexpr std::string_view deferred = "; mail to that server is deferred";

std::string by_hash(std::size_t count) {
    return concat(count, count == 1 ? " certificate by hash" : " certificates by hash");
}

std::string rehash(const std::string& directory) {
    return concat("openssl rehash ", directory);
}

// How OpenSSL numbers and names what it finds in a directory (openssl-rehash(1ssl)).
bool is_worth_a_hash(std::string_view name) {
    return name.ends_with(".pem") || name.ends_with(".crt") || name.ends_with(".cer");
}

/// A directory of certificates by hash, file by file.
class DirectoryCheck {
public:
    DirectoryCheck(Checking& checking, const std::string& directory)
        : checking_(checking), directory_(directory) {}

    void run() {
        const std::vector<std::string> names = names_in(directory_);
        for (const std::string& name : names)
            if (tls::is_called_by_hash(name)) look_at(name);
        for (const std::string& name : names)
            if (is_worth_a_hash(name)) look_for_hash_of(name);
        report();
    }

private:
    void look_at(const std::string& name) {
        ++files_;
        const std::string path = concat(directory_, "/", name);
        const Result<std::optional<std::string>> pem = control::read_file(path);
        const std::vector<tls::CertificateFacts> found =
            pem && *pem ? tls::facts_of_pem(**pem) : std::vector<tls::CertificateFacts>();
        std::string fault;
        if (!pem) fault = "cannot be read";
        else if (!*pem) fault = "is a dangling symbolic link";
        else if (found.empty()) fault = "contains no certificate";
        if (!fault.empty()) {
            checking_.found.warning(path,
                                    concat(fault,
                                           ": mail is deferred where a server's chain "
                                           "needs it"),
                                    rehash(directory_));
            return;
        }
        if (!checking_.reader.may_read(path))
            checking_.found.warning(path,
                                    concat(checking_.reader.name(),
                                           " cannot read it: mail is "
                                           "deferred where a server's chain needs it"),
                                    concat("chmod a+r ", path));
        const std::string_view asked = std::string_view(name).substr(0, name.find('.'));
        if (std::ranges::find(found, asked, &tls::CertificateFacts::hash) == found.end())
            checking_.found.warning(path,
                                    concat("never read under this name: the hash of its "
                                           "certificate is ",
                                           found.front().hash),
                                    rehash(directory_));
        for (const tls::CertificateFacts& certificate : found) {
            hashes_.push_back(certificate.hash);
            ++certificates_;
            if (certificate.valid_until && *certificate.valid_until < checking_.now) ++expired_;
        }
    }
    // Only files of one certificate get a name by hash; a bundle beside them needs none.
    void look_for_hash_of(const std::string& name) {
        const std::string path = concat(directory_, "/", name);
        const Result<std::optional<std::string>> pem = control::read_file(path);
        if (!pem || !*pem) return;
        const std::vector<tls::CertificateFacts> found = tls::facts_of_pem(**pem);
        if (found.size() != 1) return;
        if (std::ranges::find(hashes_, found.front().hash) == hashes_.end())
            checking_.found.warning(path, "never read: it has no name by hash",
                                    rehash(directory_));
    }
    void report() {
        if (files_ == 0) {
            checking_.found.error(directory_,
                                  concat("contains no certificate named by its hash", deferred),
                                  concat("put the trusted CA certificates into it, in PEM format, "
                                         "and run: ",
                                         rehash(directory_)));
            return;
        }
        checking_.found.note(directory_, concat("a directory of ", by_hash(certificates_),
                                                certificates_ == 1 ? ", which is trusted"
                                                                   : ", all of which are trusted"));
        if (expired_ > 0)
            checking_.found.add(expired_ == certificates_ ? Severity::warning : Severity::note,
                                directory_, 0,
                                concat(expired_, " of its ", by_hash(certificates_),
                                       expired_ == 1 ? " has expired" : " have expired"),
                                expired_ == 1 ? "replace or remove it" : "replace or remove them");
    }

    Checking& checking_;
    const std::string& directory_;
    std::vector<std::string> hashes_;
    std::size_t files_ = 0;
    std::size_t certificates_ = 0;
    std::size_t expired_ = 0;
};

void check_directory(Checking& checking, const std::string& path, const struct stat& status) {
    if (!checking.reader.may_read(path) || !checking.reader.may_enter(path)) {
        checking.found.error(path,
                             concat(checking.reader.name(), " cannot enter and list it", deferred),
                             concat("chmod a+rx ", path));
        return;
    }
    // Many servers may have a link to the system's one; its own faults are reported once.
    const std::pair<::dev_t, ::ino_t> identity(status.st_dev, status.st_ino);
    if (std::ranges::find(checking.directories_of_trust, identity) !=
        checking.directories_of_trust.end())
        return;
    checking.directories_of_trust.push_back(identity);
    DirectoryCheck(checking, path).run();
}

// Bundles of a system keep authorities for years after they have expired, which affects only the
// servers that still depend on them: one finding, however many there are.
void check_authorities(Checking& checking, const std::string& path, std::string_view pem) {
    const std::vector<tls::CertificateFacts> certificates = tls::facts_of_pem(pem);
    if (certificates.size() == 1) return check_dates(checking, path, pem);
    const auto count = [&certificates](auto is_so) {
        return static_cast<std::size_t>(std::ranges::count_if(certificates, is_so));
    };
    const auto now = checking.now;
    const std::size_t useless = count([now](const tls::CertificateFacts& one) {
        return (one.valid_until && *one.valid_until < now) ||
               (one.valid_from && *one.valid_from > now);
    });
    const std::size_t ending = count([now](const tls::CertificateFacts& one) {
        return one.valid_until && *one.valid_until >= now && *one.valid_until < now + soon;
    });
    const std::string of_all = concat(" of its ", certificates.size(), " certificates ");
    if (useless == certificates.size())
        checking.found.warning(path,
                               concat("all ", useless,
                                      " certificates are expired or not yet "
                                      "valid",
                                      deferred),
                               "replace them");
    else if (useless > 0)
        checking.found.note(path,
                            concat(useless, of_all, useless == 1 ? "is" : "are",
                                   " expired or not yet valid; servers that depend on ",
                                   useless == 1 ? "it" : "them", " fail verification"),
                            useless == 1 ? "replace or remove it" : "replace or remove them");
    if (ending > 0)
        checking.found.note(
            path, concat(ending, of_all, ending == 1 ? "expires" : "expire", " within 14 days"),
            ending == 1 ? "replace it before then" : "replace them before then");
}

}  // namespace

void check_trust(Checking& checking, const std::string& path, std::string_view name) {
    struct stat status;
    if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
        check_directory(checking, path, status);
        return;
    }
    const std::string pem = read_checked(checking, path, Severity::error);
    const Result<tls::Context> made =
        tls::make_context(tls::Requirement::verified(path, std::string(name)), {},
                          [](X509_STORE_CTX*, void*) { return 0; });
    if (!made)
        checking.found.error(path, concat(without_name(made.error().detail, path), deferred),
                             "put the trusted CA certificates into it, in PEM format");
    else check_authorities(checking, path, pem);
}

}  // namespace tern::explain

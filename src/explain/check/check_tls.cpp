// Certificates, trust and ciphers as TLS itself would load them; see check_parts.hpp.
#include <algorithm>
#include <cstdint>

#include "base/ascii.hpp"
#include "base/lines.hpp"
#include "base/text.hpp"
#include "control/control_file.hpp"
#include "explain/check/check_parts.hpp"
#include "explain/show/printable.hpp"
#include "tls/context.hpp"
#include "tls/facts.hpp"

namespace tern::explain {
namespace {

// The separators of openssl-ciphers(1ssl), and blanks.
std::string_view next_cipher(std::string_view& rest) { return next_word(rest, ":,; \t"); }

void check_ciphers(Checking& checking) {
    const std::string path = "control/tlsclientciphers";
    static_cast<void>(read_checked(checking, path, Severity::error));
    const Result<std::string> ciphers = control::read_list(path, ':');
    if (!ciphers || ciphers->empty()) return;
    tls::ClientSettings settings;
    settings.ciphers = *ciphers;
    const Result<tls::Context> whole = tls::make_context({}, settings, nullptr);
    if (!whole) {
        checking.found.error(path,
                             concat(without_name(whole.error().detail, path),
                                    "; all mail to servers with TLS is deferred"),
                             "write names that OpenSSL knows, see openssl-ciphers(1ssl), or remove "
                             "the file");
        return;
    }
    // OpenSSL passes over names that it does not know, as long as one is left. Lists of old hosts
    // have dozens of them.
    constexpr std::size_t most_named = 5;
    std::string unknown;
    std::size_t count = 0;
    std::size_t all = 0;
    std::string_view rest = *ciphers;
    for (std::string_view cipher = next_cipher(rest); !cipher.empty();
         cipher = next_cipher(rest)) {
        if (!is_alnum(cipher.front())) continue;
        settings.ciphers = cipher;
        ++all;
        if (tls::make_context({}, settings, nullptr) || ++count > most_named) continue;
        unknown += concat(count == 1 ? "" : ", ", printable(settings.ciphers, 60));
    }
    if (count == 0) return;
    if (count > most_named) unknown += concat(" and ", count - most_named, " more");
    checking.found.warning(path,
                           concat("OpenSSL does not know ", count, " of its ", all,
                                  all == 1 ? " cipher: " : " ciphers: ", unknown),
                           "remove them; see openssl-ciphers(1ssl) for the names");
}

void check_client_certificate(Checking& checking) {
    const std::string path = "control/clientcert.pem";
    if (!control::exists(path).value_or(true)) return;
    const std::string pem = read_checked(checking, path, Severity::warning);
    if (pem.empty()) return;
    tls::ClientSettings settings;
    settings.certificate_file = path;
    if (const Result<tls::Context> made = tls::make_context({}, settings, nullptr);
        made && !made->certificate_trouble.empty())
        checking.found.warning(path, printable(made->certificate_trouble),
                               "it must contain the certificate, its chain and its private key, "
                               "in PEM format without passphrase");
    check_dates(checking, path, pem);
    if (is_open_to_all(path))
        checking.found.warning(path, "contains a private key and is readable by every user",
                               checking.reader.how_to_share(path));
}

// How-tos and converters leave names like mx.example.org.tls.pem; no server has such a name, as
// none of these is a top-level domain.
std::string_view ending_of_a_file(std::string_view name) {
    for (const std::string_view ending : {".tls", ".crt", ".cert", ".cer", ".der", ".pem", ".key",
                                          ".chain", ".bundle", ".old", ".bak", ".orig", ".txt"})
        if (name.ends_with(ending)) return ending;
    return {};
}

void check_server_file(Checking& checking, const std::string& path, const std::string& name) {
    if (const std::string fault = fault_of_name(name); !fault.empty()) {
        checking.found.warning(path, concat(printable(name), " ", fault));
    } else if (const std::string_view ending = ending_of_a_file(name); !ending.empty()) {
        const std::string server = name.substr(0, name.size() - ending.size());
        checking.found.warning(path, concat("never read: no server is named ", name),
                               concat("rename it to ", server, ".pem, or remove it"));
    } else {
        check_trust(checking, path, name);
    }
}

void check_requirements(Checking& checking) {
    const std::string directory = "control/tlshosts";
    const Result<bool> any = control::has_directory(directory);
    if (any && !*any) return;
    if (!any)
        checking.found.error(directory,
                             concat(without_name(any.error().detail, directory),
                                    ": what it requires is unknown, so all mail is deferred"),
                             "make it a directory, or remove it");
    else if (!checking.reader.may_enter(directory))
        checking.found.error(
            directory, concat(checking.reader.name(), " cannot enter it: all mail is deferred"),
            concat("chmod a+rx ", directory));
    bool exhaustive = false;
    std::size_t servers = 0;
    for (const std::string& file : names_in(directory)) {
        const std::string path = concat(directory, "/", file);
        if (file == "exhaustivelist") {
            exhaustive = true;
        } else if (!file.ends_with(".pem")) {
            checking.found.warning(path, "never read: a file here is named as the server's full "
                                         "name, followed by .pem",
                                   "rename or remove it");
        } else {
            check_server_file(checking, path, file.substr(0, file.size() - 4));
            ++servers;
        }
    }
    if (exhaustive && servers == 0)
        checking.found.warning(directory + "/exhaustivelist",
                               "disables TLS for every server without a .pem file beside it, and "
                               "there is none: no mail is encrypted",
                               "remove it, or add files for the servers");
}

void check_exclusions(Checking& checking) {
    const std::string directory = "control/notlshosts";
    if (!control::exists(directory).value_or(true)) return;
    if (!checking.reader.may_enter(directory))
        checking.found.error(
            directory, concat(checking.reader.name(), " cannot enter it: all mail is deferred"),
            concat("chmod a+rx ", directory));
    for (const std::string& name : names_in(directory)) {
        const std::string path = concat(directory, "/", name);
        if (const std::string fault = fault_of_name(name); !fault.empty())
            checking.found.warning(path, concat(printable(name), " ", fault));
        else if (control::is_named(concat("control/tlshosts/", name, ".pem")).value_or(false))
            checking.found.warning(path,
                                   concat("control/tlshosts/", name,
                                          ".pem requires TLS there "
                                          "and overrides it"),
                                   "remove one of the two");
    }
}

}  // namespace

std::string without_name(std::string words, std::string_view file) {
    if (words.starts_with(file)) words.erase(0, file.size());
    words.erase(0, std::min(words.find_first_not_of(": "), words.size()));
    return printable(words);
}

void check_dates(Checking& checking, const std::string& path, std::string_view pem) {
    const std::vector<tls::CertificateFacts> certificates = tls::facts_of_pem(pem);
    for (const tls::CertificateFacts& certificate : certificates) {
        if (!certificate.valid_until) continue;
        const std::string of =
            concat("the certificate of ", printable(certificate.identity.subject, 200));
        if (*certificate.valid_until < checking.now)
            checking.found.warning(
                path, concat(of, " expired at ", certificate.identity.valid_until), "replace it");
        else if (*certificate.valid_until < checking.now + soon)
            checking.found.note(path, concat(of, " expires at ", certificate.identity.valid_until),
                                "replace it before then");
        if (certificate.valid_from && *certificate.valid_from > checking.now)
            checking.found.warning(
                path, concat(of, " is not valid before ", certificate.identity.valid_from));
    }
}

void check_tls(Checking& checking) {
    check_ciphers(checking);
    check_client_certificate(checking);
    check_requirements(checking);
    check_exclusions(checking);
}

}  // namespace tern::explain

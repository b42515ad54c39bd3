// Contexts by requirement; see context.hpp.
#include "tls/context.hpp"

#include <algorithm>
#include <memory>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/text.hpp"
#include "tls/algorithms.hpp"
#include "tls/pem.hpp"

namespace tern::tls {
namespace {

Failure cannot_start() {
    return {Stage::handshake, Cause::resources,
            concat("cannot set up TLS: ", take_openssl_reason())};
}

Result<Done> choose_ciphers(SSL_CTX* context, const std::string& ciphers) {
    const CipherLists lists = part_ciphers(ciphers);
    ERR_clear_error();
    if ((lists.tls13.empty() || SSL_CTX_set_ciphersuites(context, lists.tls13.c_str()) == 1) &&
        (lists.older.empty() || SSL_CTX_set_cipher_list(context, lists.older.c_str()) == 1))
        return Done();
    return fail(Stage::handshake, Cause::control_file,
                concat("control/tlsclientciphers: OpenSSL rejects the cipher list \"", ciphers,
                       "\": ", take_openssl_reason()));
}

// Everything is set or nothing is. Gives what is wrong, or nothing.
std::string show_certificate(SSL_CTX* context, std::string_view pem) {
    const PemCertificates certificates = read_certificates(pem);
    if (!certificates.trouble.empty()) return certificates.trouble;
    if (certificates.list.empty()) return "it contains no certificate";
    if (pem.find("PRIVATE KEY-----") == pem.npos) return "it contains no private key";
    const BioPtr source = view_of(pem);
    if (!source) return take_openssl_reason();
    bool passphrase_needed = false;
    const KeyPtr key(
        PEM_read_bio_PrivateKey(source.get(), nullptr, no_passphrase, &passphrase_needed));
    if (!key) {
        std::string reason = take_openssl_reason();
        // In the old form the cipher is sought before the passphrase, in tables that we left empty.
        passphrase_needed =
            passphrase_needed || pem.find("Proc-Type: 4,ENCRYPTED") != pem.npos;
        if (passphrase_needed) return "its private key is protected by a passphrase";
        return concat("cannot read its private key: ", reason);
    }
    const auto release = [](STACK_OF(X509) * stack) { sk_X509_free(stack); };
    const std::unique_ptr<STACK_OF(X509), decltype(release)> chain(sk_X509_new_null());
    if (!chain) return take_openssl_reason();
    for (std::size_t i = 1; i < certificates.list.size(); ++i)
        if (sk_X509_push(chain.get(), certificates.list[i].get()) == 0)
            return take_openssl_reason();
    ERR_clear_error();
    if (SSL_CTX_use_cert_and_key(context, certificates.list.front().get(), key.get(), chain.get(),
                                 1) != 1)
        return concat("OpenSSL rejects its first certificate and private key: ",
                      take_openssl_reason());
    return {};
}

std::string use_client_certificate(SSL_CTX* context, const ClientSettings& settings) {
    if (settings.certificate_file.empty()) return {};
    WipedText pem;
    std::string why;
    for (const std::string& path : {settings.certificate_file, settings.key_file}) {
        if (path.empty()) continue;
        const FileContents file = read_whole_file(path);
        if (file.error != 0 && why.empty()) why = concat("cannot read ", path, ": ", file.why());
        pem += file.bytes;
        pem += '\n';
    }
    if (why.empty()) why = show_certificate(context, pem);
    if (why.empty()) return {};
    return concat("client certificate ", settings.certificate_file, " was not used: ", why);
}

bool is_tls13_suite(std::string_view name) {
    // TLS 1.2 suites may also be named in IANA's style, but always with a key exchange:
    // TLS_RSA_WITH_AES_128_CBC_SHA.
    return name.starts_with("TLS_") && name.find("_WITH_") == std::string_view::npos;
}

int look_at_nothing(X509_STORE_CTX*, void*) {
    return 1;
}

Result<Context> build_context(const Requirement& requirement, const ClientSettings& settings,
                              int (*verify)(X509_STORE_CTX*, void*)) {
    const bool verified = requirement.kind == Requirement::Kind::verified;
    if (verified) add_certificate_digests();
    if (!settings.ciphers.empty() || !settings.certificate_file.empty()) show_all_algorithms();

    ERR_clear_error();
    Context context;
    context.ssl.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* const ssl = context.ssl.get();
    if (ssl == nullptr || SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) != 1)
        return tl::unexpected(cannot_start());
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
#ifdef SSL_OP_NO_RX_CERTIFICATE_COMPRESSION  // OpenSSL 3.2
    // RFC 8879: two decompressors for bytes of strangers, to save one kilobyte.
    SSL_CTX_set_options(ssl, SSL_OP_NO_RX_CERTIFICATE_COMPRESSION);
#endif
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    if (verified) {
        SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
        SSL_CTX_set_cert_verify_callback(ssl, verify, nullptr);
        Result<TrustForm> trusted = trust(SSL_CTX_get_cert_store(ssl), requirement);
        if (!trusted) return tl::unexpected(std::move(trusted.error()));
        context.trust_form = *trusted;
    } else {
        // contract.md#starttls: whatever the server can do is better than clear text. For
        // what is worth a demand it is not.
        if (requirement.kind != Requirement::Kind::encrypted) {
            SSL_CTX_set_security_level(ssl, 0);
            SSL_CTX_set_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT);
        }
        SSL_CTX_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
        SSL_CTX_set_cert_verify_callback(ssl, look_at_nothing, nullptr);
    }
    if (Result<Done> chosen = choose_ciphers(ssl, settings.ciphers); !chosen)
        return tl::unexpected(std::move(chosen.error()));
    context.certificate_trouble = use_client_certificate(ssl, settings);
    return context;
}

}  // namespace

CipherLists part_ciphers(std::string_view ciphers) {
    CipherLists lists;
    bool older_named = false;
    while (!ciphers.empty()) {
        const std::size_t end = std::min(ciphers.find_first_of(":,; \t"), ciphers.size());
        const std::string_view word = ciphers.substr(0, end);
        ciphers.remove_prefix(std::min(end + 1, ciphers.size()));
        if (word.empty()) continue;
        std::string& list = is_tls13_suite(word) ? lists.tls13 : lists.older;
        if (!list.empty()) list += ':';
        list += word;
        older_named = older_named || (&list == &lists.older && word.front() != '@');
    }
    // "@SECLEVEL=1" alone names no cipher: the default list stays, at that level.
    if (!lists.older.empty() && !older_named) lists.older.insert(0, "DEFAULT:");
    return lists;
}

Result<Context> make_context(const Requirement& requirement, const ClientSettings& settings,
                             int (*verify)(X509_STORE_CTX*, void*)) {
    (void)take_memory_trouble();
    start_openssl();
    Result<Context> context = build_context(requirement, settings, verify);
    // Without memory a file cannot be read, or a cipher not found: neither is to blame.
    if (take_memory_trouble())
        return fail(Stage::handshake, Cause::resources, "cannot set up TLS: out of memory");
    return context;
}

}  // namespace tern::tls

// The server's side of TLS over any Stream; see server_tls.hpp.
#include "support/server_tls.hpp"

#include <map>
#include <memory>

#include <openssl/err.h>

#include "support/directory.hpp"

namespace tern::test {
namespace {

const Identity& authority() {
    static const Identity made = make_authority("tern test authority", 1);
    return made;
}

tls::ContextPtr make_context(const std::string& name, Certificate kind) {
    CertificateSpec spec;
    spec.key_number = 2;
    const std::string shown = kind == Certificate::wrong_name ? "elsewhere.example" : name;
    spec.common_names.push_back(shown);
    spec.dns_names.push_back(shown);
    if (kind == Certificate::expired) {
        spec.valid_from_days = -60;
        spec.valid_until_days = -30;
    }
    const Identity* const issuer = kind == Certificate::self_signed ? nullptr : &authority();
    const Identity identity = make_identity(spec, issuer);
    tls::ContextPtr context(SSL_CTX_new(TLS_server_method()));
    if (!context || SSL_CTX_use_certificate(context.get(), identity.certificate.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context.get(), identity.key) != 1)
        throw std::runtime_error("the simulated server cannot use its certificate");
    // A ticket that holds the session holds a random number too (ticket_age_add), whose DER is now
    // and then a byte shorter, and the ticket a cipher block: the same seed would run otherwise.
    // A ticket that only names the session has always one length.
    SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    if (kind == Certificate::asks_for_client_certificate)
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (kind == Certificate::wants_client_certificate)
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           nullptr);
    return context;
}

Failure broke() { return {Stage::start, Cause::tls, tls::take_openssl_reason()}; }

}  // namespace

const std::string& trusted_authority_file() {
    // It lives as long as the process.
    static const Directory directory;
    static const std::string file =
        directory.holds("authority.pem", certificate_pem(authority()));
    return file;
}

SSL_CTX* server_context(const std::string& name, Certificate kind) {
    static std::map<std::pair<std::string, Certificate>, tls::ContextPtr> contexts;
    tls::ContextPtr& context = contexts[{name, kind}];
    if (!context) context = make_context(name, kind);
    return context.get();
}

ServerTls::ServerTls(Stream& below, SSL_CTX* context)
    : below_(below),
      ssl_(SSL_new(context)),
      in_(BIO_new(BIO_s_mem())),
      out_(BIO_new(BIO_s_mem())) {
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_accept_state(ssl_.get());
}

Task<Done> ServerTls::accept(Deadline deadline) {
    for (;;) {
        ERR_clear_error();
        const int outcome = SSL_do_handshake(ssl_.get());
        const int error = SSL_get_error(ssl_.get(), outcome);
        const Failure failure = outcome == 1 ? Failure(Stage::start, Cause::tls, "") : broke();
        co_await flush(deadline);
        if (outcome == 1) co_return Done();
        if (error != SSL_ERROR_WANT_READ) co_return failure;
        co_await refill(deadline);
    }
}

Task<std::size_t> ServerTls::read_some(std::span<char> into, Deadline deadline) {
    for (;;) {
        ERR_clear_error();
        std::size_t count = 0;
        const int outcome = SSL_read_ex(ssl_.get(), into.data(), into.size(), &count);
        if (outcome == 1) {
            decrypted_.append(into.data(), count);
            co_return count;
        }
        const int error = SSL_get_error(ssl_.get(), outcome);
        if (error == SSL_ERROR_ZERO_RETURN) co_return std::size_t(0);
        if (error != SSL_ERROR_WANT_READ) co_return broke();
        co_await refill(deadline);
    }
}

Task<Done> ServerTls::asks_for_renegotiation(Deadline deadline) {
    ERR_clear_error();
    if (SSL_renegotiate(ssl_.get()) != 1 || SSL_do_handshake(ssl_.get()) != 1) co_return broke();
    co_return co_await flush(deadline);
}

Task<Done> ServerTls::write(std::string_view bytes, Deadline deadline) {
    ERR_clear_error();
    std::size_t written = 0;
    if (!bytes.empty() && SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) != 1)
        co_return broke();
    co_return co_await flush(deadline);
}

std::string ServerTls::server_name() const {
    const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? std::string() : name;
}

void ServerTls::decrypt_rest(std::string_view ciphertext) {
    if (SSL_is_init_finished(ssl_.get()) == 0) return;
    const std::string_view rest = ciphertext.substr(std::min(fed_, ciphertext.size()));
    fed_ += rest.size();
    if (!rest.empty()) BIO_write(in_, rest.data(), static_cast<int>(rest.size()));
    std::size_t count = 0;
    ERR_clear_error();
    while (SSL_read_ex(ssl_.get(), buffer_, sizeof buffer_, &count) == 1)
        decrypted_.append(buffer_, count);
    ERR_clear_error();
}

Task<Done> ServerTls::flush(Deadline deadline) {
    char* bytes = nullptr;
    const long length = BIO_get_mem_data(out_, &bytes);
    if (length <= 0) co_return Done();
    const std::string outgoing(bytes, static_cast<std::size_t>(length));
    static_cast<void>(BIO_reset(out_));
    co_return co_await below_.write(outgoing, deadline);
}

Task<Done> ServerTls::refill(Deadline deadline) {
    const std::size_t got = co_await below_.read_some(buffer_, deadline);
    if (got == 0) co_return Failure(Stage::start, Cause::closed, "the client closed");
    fed_ += got;
    BIO_write(in_, buffer_, static_cast<int>(got));
    co_return Done();
}

}  // namespace tern::test

// OpenSSL as a server. Client certificates are asked for and looked at, never judged.
#include "sink/server_context.hpp"

#include <stdexcept>
#include <string_view>
#include <vector>

namespace tern::sink {

namespace {

void must(bool went_well, const std::string& what) {
    if (!went_well) throw std::runtime_error(what + ": " + openssl_words());
}

int accept_any_certificate(int, X509_STORE_CTX*) {
    return 1;
}

// Where a session keeps the protocols the client offered by ALPN.
int alpn_slot() {
    static const int slot = SSL_get_ex_new_index(
        0, nullptr, nullptr, nullptr, [](void*, void* held, CRYPTO_EX_DATA*, int, long, void*) {
            delete static_cast<std::vector<std::string>*>(held);
        });
    return slot;
}

// RFC 7301 3.1: a list of names, each after its length. None is chosen: SMTP has none.
int note_alpn(SSL* session, const unsigned char**, unsigned char*, const unsigned char* offered,
              unsigned length, void*) {
    auto* names = static_cast<std::vector<std::string>*>(SSL_get_ex_data(session, alpn_slot()));
    if (names == nullptr) return SSL_TLSEXT_ERR_NOACK;
    names->clear();
    for (unsigned at = 0; at < length; at += 1U + offered[at]) {
        if (offered[at] > length - at - 1U) break;
        names->emplace_back(reinterpret_cast<const char*>(offered + at + 1), offered[at]);
    }
    return SSL_TLSEXT_ERR_NOACK;
}

void use_identity(SSL_CTX* context, const TlsSettings& settings, const Identity& identity) {
    if (settings.certificate_file.empty()) {
        must(SSL_CTX_use_certificate(context, identity.certificate.get()) == 1, "certificate");
        must(SSL_CTX_use_PrivateKey(context, identity.key.get()) == 1, "key");
        return;
    }
    const std::string& certificate = settings.certificate_file;
    const std::string& key = settings.key_file.empty() ? certificate : settings.key_file;
    must(SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) == 1, certificate);
    must(SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1, key);
    must(SSL_CTX_check_private_key(context) == 1, key);
}

}  // namespace

OpenSslPointer<SSL_CTX> make_server_context(const TlsSettings& settings, const Identity& identity) {
    OpenSslPointer<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
    must(context != nullptr, "TLS");
    SSL_CTX* raw = context.get();
    // Old clients are to be met as they are: what they may not do is for them to decide.
    if (settings.oldest < TLS1_2_VERSION) SSL_CTX_set_security_level(raw, 0);
    must(SSL_CTX_set_min_proto_version(raw, settings.oldest) == 1, "oldest version");
    must(SSL_CTX_set_max_proto_version(raw, settings.newest) == 1, "newest version");
    use_identity(raw, settings, identity);
    if (!settings.ciphers.empty())
        must(SSL_CTX_set_cipher_list(raw, settings.ciphers.c_str()) == 1, settings.ciphers);
    if (!settings.suites.empty())
        must(SSL_CTX_set_ciphersuites(raw, settings.suites.c_str()) == 1, settings.suites);
    // Few and large reads; buffers only while bytes are on their way.
    SSL_CTX_set_read_ahead(raw, 1);
    SSL_CTX_set_default_read_buffer_len(raw, 65536);
    SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_num_tickets(raw, settings.tickets);
    if (settings.tickets == 0) {
        SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
        SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    }
    constexpr std::string_view session_context = "tern-sink";
    SSL_CTX_set_session_id_context(raw,
                                   reinterpret_cast<const unsigned char*>(session_context.data()),
                                   static_cast<unsigned>(session_context.size()));
    if (settings.asks_certificate) SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, accept_any_certificate);
    SSL_CTX_set_alpn_select_cb(raw, note_alpn, nullptr);
    return context;
}

OpenSslPointer<SSL> make_server_session(SSL_CTX* context, int descriptor) {
    OpenSslPointer<SSL> session(SSL_new(context));
    must(session && SSL_set_fd(session.get(), descriptor) == 1, "TLS session");
    SSL_set_ex_data(session.get(), alpn_slot(), new std::vector<std::string>());
    SSL_set_accept_state(session.get());
    return session;
}

// What SCRAM-SHA-256-PLUS binds to.
void note_binding(SSL* session, TlsFacts& facts) {
    if (SSL_version(session) == TLS1_3_VERSION) {
        constexpr std::string_view label = "EXPORTER-Channel-Binding";  // RFC 9266 2
        std::string data(32, '\0');
        if (SSL_export_keying_material(session, reinterpret_cast<unsigned char*>(data.data()),
                                       data.size(), label.data(), label.size(), nullptr, 0,
                                       1) != 1)
            return;
        facts.binding_type = "tls-exporter";
        facts.binding_data = std::move(data);
        return;
    }
    // RFC 5929 3.1: the first Finished; in a resumed session that is ours.
    std::string data(EVP_MAX_MD_SIZE, '\0');
    data.resize(SSL_session_reused(session) == 1
                    ? SSL_get_finished(session, data.data(), data.size())
                    : SSL_get_peer_finished(session, data.data(), data.size()));
    facts.binding_type = "tls-unique";
    facts.binding_data = std::move(data);
}

TlsFacts facts_of(SSL* session) {
    TlsFacts facts;
    facts.version = SSL_get_version(session);
    facts.cipher = SSL_get_cipher_name(session);
    if (const char* group =
            SSL_group_to_name(session, static_cast<int>(SSL_get_negotiated_group(session)));
        group != nullptr)
        facts.group = group;
    if (const char* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name); name != nullptr)
        facts.server_name = name;
    if (const auto* names =
            static_cast<std::vector<std::string>*>(SSL_get_ex_data(session, alpn_slot()));
        names != nullptr)
        facts.alpn = *names;
    facts.resumed = SSL_session_reused(session) == 1;
    note_binding(session, facts);
    if (X509* certificate = SSL_get0_peer_certificate(session); certificate != nullptr) {
        const OpenSslPointer<BIO> memory(BIO_new(BIO_s_mem()));
        X509_NAME_print_ex(memory.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
        char* bytes = nullptr;
        const long count = BIO_get_mem_data(memory.get(), &bytes);
        facts.client_certificate.assign(bytes, static_cast<std::size_t>(count));
    }
    return facts;
}

}  // namespace tern::sink

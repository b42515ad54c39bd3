// TLS over a Stream; see tls_stream.hpp. OpenSSL works on the buffers of Wire, and the coroutines
// here carry them to and from the stream below.
#include "tls/tls_stream.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include <openssl/err.h>

#include "base/text.hpp"
#include "tls/channel_binding.hpp"
#include "tls/context.hpp"
#include "tls/facts.hpp"
#include "tls/verify.hpp"
#include "tls/wire.hpp"

namespace tern::tls {
namespace {

// A deadline that is always past: what is there is taken, nothing is waited for.
constexpr Deadline long_ago{};

constexpr std::size_t largest_record = 16UL * 1024;  // RFC 8446 5.1
// Ciphertext is handed down in writes of about this size.
constexpr std::size_t write_size = 64UL * 1024;
// Bytes without one byte of application data. OpenSSL bounds the handshake's messages, but takes
// KeyUpdates and session tickets for ever.
constexpr std::size_t most_without_content = 1024UL * 1024;
constexpr std::size_t longest_dns_name = 255;  // TLSEXT_MAXLEN_host_name; OpenSSL refuses more

}  // namespace

struct TlsStream::Session {
    Session(Stream& stream, const Requirement& wanted, const std::string& name)
        : below(stream), requirement(wanted), server_name(name) {}

    Stream& below;
    const Requirement requirement;
    const std::string server_name;
    std::string certificate_trouble;
    bool certificate_requested = false;  ///< noted only where there is trouble with ours
    Wire wire;  // before `ssl`, whose BIO points to it
    ContextPtr context;
    TrustForm trust_form = TrustForm::file;
    SslPtr ssl;

    Verification verification;
    ChainPtr refused_chain;  ///< OpenSSL forgets what did not verify
    int alert = 0;  ///< the last alert that the peer sent, with its level; 0 for none
    std::size_t without_content = 0;
    bool content_seen = false;
    /// The server has shown that it took our side of the handshake; under TLS 1.3 that is when
    /// something comes after it.
    bool finished_taken = false;
    /// An end that repeats itself: nothing can be read, or written, after it.
    std::optional<Failure> reading_ended;
    std::optional<Failure> writing_ended;

    static int verify(X509_STORE_CTX* store, void*);
    static int note_request(SSL* ssl, X509** certificate, EVP_PKEY** key);
    static void note_alert(const SSL* ssl, int where, int value);

    Result<Done> prepare(const ClientSettings& settings);
    Task<Established> handshake(Deadline deadline);
    Task<std::size_t> read_some(std::span<char> into, Deadline deadline);
    Task<Done> write(std::string_view bytes, Deadline deadline);
    Task<Done> write_last(std::string_view farewell, Deadline deadline);

private:
    Task<Done> flush(Deadline deadline);
    Task<bool> refill(Deadline deadline);
    Result<Done> encrypt(std::string_view bytes);
    [[nodiscard]] std::string what_broke();
    Failure handshake_failure();
    Failure read_failure();
    Failure failure(Stage stage, std::string_view what);
    [[nodiscard]] Failure lost(Failure why) const;
};

int TlsStream::Session::verify(X509_STORE_CTX* store, void*) {
    const auto* ssl = static_cast<const SSL*>(
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    Session& session = *static_cast<Session*>(SSL_get_app_data(ssl));
    try {
        const auto verify = session.trust_form == TrustForm::directory ? verify_by_directory
                                                                       : verify_server;
        session.verification = verify(store, session.requirement);
    } catch (const std::bad_alloc&) {  // no exception may cross OpenSSL's frames
        note_memory_trouble();
        session.verification.held = false;
        X509_STORE_CTX_set_error(store, X509_V_ERR_OUT_OF_MEM);
    }
    if (!session.verification.held)
        session.refused_chain.reset(X509_chain_up_ref(X509_STORE_CTX_get0_untrusted(store)));
    return session.verification.held ? 1 : 0;
}

// SSL_CTX_set_client_cert_cb(3ssl): the server asks, and no certificate is set. It gets none.
int TlsStream::Session::note_request(SSL* ssl, X509**, EVP_PKEY**) {
    static_cast<Session*>(SSL_get_app_data(ssl))->certificate_requested = true;
    return 0;
}

void TlsStream::Session::note_alert(const SSL* ssl, int where, int value) {
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
        static_cast<Session*>(SSL_get_app_data(ssl))->alert = value;
}

Result<Done> TlsStream::Session::prepare(const ClientSettings& settings) {
    Result<Context> made = make_context(requirement, settings, &Session::verify);
    if (!made) return tl::unexpected(std::move(made.error()));
    context = std::move(made->ssl);
    trust_form = made->trust_form;
    certificate_trouble = std::move(made->certificate_trouble);
    if (!certificate_trouble.empty())
        SSL_CTX_set_client_cert_cb(context.get(), &Session::note_request);

    ssl.reset(SSL_new(context.get()));
    BIO* const bio = ssl ? wire.make_bio() : nullptr;
    if (bio == nullptr)
        return fail(Stage::handshake, Cause::resources,
                    concat("cannot set up TLS: ", take_openssl_reason()));
    SSL_set_bio(ssl.get(), bio, bio);
    SSL_set_app_data(ssl.get(), this);
    SSL_set_info_callback(ssl.get(), &Session::note_alert);
    SSL_set_connect_state(ssl.get());
    // SSL_set_tlsext_host_name, without the old-style cast of that macro.
    if (!server_name.empty() && server_name.size() <= longest_dns_name &&
        SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(server_name.c_str())) != 1)
        return fail(Stage::handshake, Cause::resources,
                    concat("cannot set up TLS: ", take_openssl_reason()));
    return Done();
}

// Hands everything encrypted so far to the stream below. After a failure nothing more is ever
// written: what did not go out must not follow later, when the caller believes it lost.
Task<Done> TlsStream::Session::flush(Deadline deadline) {
    if (writing_ended) co_return *writing_ended;
    if (wire.outgoing().empty()) co_return Done();
    Result<Done> sent = co_await below.write(wire.outgoing(), deadline).outcome();
    wire.clear_outgoing();
    if (!sent) writing_ended = sent.error();
    co_return sent;
}

// Sends what is due and waits for bytes of the peer; false at their end. A peer that refused us may
// have closed before our last flight came, so a failing write is judged only after a look at what
// it left.
Task<bool> TlsStream::Session::refill(Deadline deadline) {
    std::optional<Failure> unsent;
    if (!wire.outgoing().empty()) {
        Result<Done> sent = co_await flush(deadline).outcome();
        if (!sent) {
            if (sent.error().cause != Cause::closed) co_return std::move(sent.error());
            unsent = std::move(sent.error());
            deadline = long_ago;
        }
    }
    Result<std::size_t> got = co_await below.read_some(wire.space(), deadline).outcome();
    if (unsent && (!got || *got == 0)) co_return std::move(*unsent);
    if (!got) co_return std::move(got.error());
    if (*got == 0) co_return false;
    wire.received(*got);
    finished_taken = finished_taken || SSL_is_init_finished(ssl.get()) == 1;
    without_content += *got;
    if (without_content > most_without_content)
        co_return Failure(Stage::start, Cause::tls,
                          "the server sent 1 MB of TLS records without data");
    co_return true;
}

std::string TlsStream::Session::what_broke() {
    std::string reason = take_openssl_reason();
    if (alert == 0) return reason;
    return concat("the server sent the TLS alert \"", SSL_alert_desc_string_long(alert), "\"");
}

// Where memory ran out the server is not to blame, whatever OpenSSL says of it.
Failure TlsStream::Session::failure(Stage stage, std::string_view what) {
    if (take_memory_trouble()) {
        ERR_clear_error();
        return {stage, Cause::resources, concat(what, ": out of memory")};
    }
    return {stage, Cause::tls, concat(what, ": ", what_broke())};
}

Task<Established> TlsStream::Session::handshake(Deadline deadline) {
    for (;;) {
        ERR_clear_error();
        const int outcome = SSL_do_handshake(ssl.get());
        if (outcome == 1) break;
        if (SSL_get_error(ssl.get(), outcome) != SSL_ERROR_WANT_READ) {
            Failure failure = handshake_failure();
            // Our alert, as far as it goes out at once.
            co_await flush(long_ago).outcome();
            co_return failure;
        }
        Result<bool> more = co_await refill(deadline).outcome();
        if (more && !*more)
            more = fail(Stage::handshake, Cause::closed, "the server closed the connection");
        if (!more) {
            Failure failure = std::move(more.error());
            failure.stage = Stage::handshake;
            if (failure.cause == Cause::timed_out) {
                failure.detail = "timed out during the TLS handshake";
            } else if (failure.cause != Cause::cancelled) {
                failure.cause = Cause::tls;
                failure.detail = concat("TLS handshake failed: ", failure.detail);
            }
            co_return failure;
        }
    }
    // The callback has judged already; without a certificate it is never called.
    const bool verified = verification.held && SSL_get_verify_result(ssl.get()) == X509_V_OK;
    if (requirement.kind == Requirement::Kind::verified && !verified)
        co_return Failure(Stage::handshake, Cause::unverified,
                          explain_no_certificate(requirement));
    without_content = 0;
    finished_taken = SSL_version(ssl.get()) != TLS1_3_VERSION;
    Established agreed;
    agreed.version = SSL_get_version(ssl.get());
    agreed.cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(ssl.get()));
    agreed.verified = verified;
    co_return agreed;
}

Failure TlsStream::Session::handshake_failure() {
    Failure why = failure(Stage::handshake, "TLS handshake failed");
    if (why.cause == Cause::resources) return why;
    if (!verification.explanation.empty())
        return {Stage::handshake, verification.cause, verification.explanation};
    const int described = alert & 0xff;
    if (described == SSL_AD_PROTOCOL_VERSION) why.detail += "; TLS 1.2 or later is required";
    return why;
}

Failure TlsStream::Session::read_failure() {
    // TLS 1.3: our side of the handshake ends before the server has judged it (RFC 8446 4.4.4), so
    // its refusal arrives in place of the first data.
    if (!content_seen) return failure(Stage::handshake, "TLS was closed right after the handshake");
    return failure(Stage::start, "TLS error");
}

// A server that resets the connection loses its own alert on the way: when it had not yet shown
// that the handshake suited it, the loss is taken for its refusal.
Failure TlsStream::Session::lost(Failure why) const {
    if (finished_taken) return why;
    return {Stage::handshake, Cause::tls,
            concat("TLS was closed right after the handshake: ", why.detail)};
}

Task<std::size_t> TlsStream::Session::read_some(std::span<char> into, Deadline deadline) {
    for (;;) {
        if (reading_ended) co_return *reading_ended;
        ERR_clear_error();
        std::size_t count = 0;
        const int outcome = SSL_read_ex(ssl.get(), into.data(), into.size(), &count);
        if (outcome == 1) {
            content_seen = true;
            without_content = 0;
            co_return count;
        }
        const int error = SSL_get_error(ssl.get(), outcome);
        if (error == SSL_ERROR_ZERO_RETURN) co_return std::size_t(0);
        if (error != SSL_ERROR_WANT_READ) {
            reading_ended = read_failure();
            if (!writing_ended) {
                co_await flush(long_ago).outcome();  // our alert, if it was for us to say it
                writing_ended = reading_ended;
            }
            continue;
        }
        Result<bool> more = co_await refill(deadline).outcome();
        if (more && *more) continue;
        if (more)
            more = fail(Stage::start, Cause::closed,
                        "the server closed the connection without a TLS close_notify");
        if (more.error().cause == Cause::closed) co_return lost(std::move(more.error()));
        if (more.error().cause == Cause::tls) reading_ended = more.error();
        co_return std::move(more.error());
    }
}

// Encrypts into the outgoing buffer, a record at most.
Result<Done> TlsStream::Session::encrypt(std::string_view bytes) {
    ERR_clear_error();
    std::size_t written = 0;
    if (SSL_write_ex(ssl.get(), bytes.data(), bytes.size(), &written) == 1) return Done();
    writing_ended = failure(Stage::start, "TLS error");
    return tl::unexpected(*writing_ended);
}

Task<Done> TlsStream::Session::write(std::string_view bytes, Deadline deadline) {
    while (!bytes.empty()) {
        if (writing_ended) co_return *writing_ended;
        const std::string_view piece = bytes.substr(0, largest_record);
        bytes.remove_prefix(piece.size());
        co_await encrypt(piece);
        if (wire.outgoing().size() >= write_size) co_await flush(deadline);
    }
    co_return co_await flush(deadline);
}

Task<Done> TlsStream::Session::write_last(std::string_view farewell, Deadline deadline) {
    if (writing_ended) co_return *writing_ended;
    if (!farewell.empty()) co_await encrypt(farewell.substr(0, largest_record));
    ERR_clear_error();
    SSL_shutdown(ssl.get());
    ERR_clear_error();
    co_return co_await flush(deadline);
}

TlsStream::TlsStream(std::unique_ptr<Session> session) : session_(std::move(session)) {}

TlsStream::~TlsStream() = default;

Result<std::unique_ptr<TlsStream>> TlsStream::make(Stream& below, const Requirement& requirement,
                                                   const ClientSettings& settings,
                                                   const std::string& server_name) {
    auto session = std::make_unique<Session>(below, requirement, server_name);
    if (Result<Done> prepared = session->prepare(settings); !prepared)
        return tl::unexpected(std::move(prepared.error()));
    return std::unique_ptr<TlsStream>(new TlsStream(std::move(session)));
}

Task<Established> TlsStream::handshake(Deadline deadline) {
    return session_->handshake(deadline);
}

Task<std::size_t> TlsStream::read_some(std::span<char> into, Deadline deadline) {
    return session_->read_some(into, deadline);
}

Task<Done> TlsStream::write(std::string_view bytes, Deadline deadline) {
    return session_->write(bytes, deadline);
}

void TlsStream::extend_writes(Duration idle) { session_->below.extend_writes(idle); }

std::size_t TlsStream::unsent() const { return session_->below.unsent(); }

bool TlsStream::holds_output() const { return !session_->wire.outgoing().empty(); }

Task<Done> TlsStream::write_last(std::string_view farewell, Deadline deadline) {
    return session_->write_last(farewell, deadline);
}

std::optional<ChannelBinding> TlsStream::channel_binding() const {
    return tls::channel_binding(session_->ssl.get());
}

std::string TlsStream::certificate_trouble() const {
    return session_->certificate_requested ? session_->certificate_trouble : std::string();
}

Facts TlsStream::facts() const {
    Facts facts;
    if (SSL_is_init_finished(session_->ssl.get()) == 1) facts = facts_of(session_->ssl.get());
    else facts.chain = facts_of(session_->refused_chain.get());
    facts.verified = session_->verification.held;
    return facts;
}

}  // namespace tern::tls

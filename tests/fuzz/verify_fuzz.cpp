// Any certificates as a server's chain, against an authority that we trust: what is accepted bears
// the name that was required, and an authority limited to some names can accept no other. Byte 0:
// bit 0 signs the certificates again with the authority's key, so that a change in them reaches
// what the signature covers; bit 1 limits the authority to names below example.com. Byte 1 chooses
// the required name. Then certificates in DER, each after two bytes of length, the server's first.
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/err.h>

#include "base/ascii.hpp"
#include "fuzz/tools.hpp"
#include "support/certificates.hpp"
#include "tls/verify.hpp"

namespace {

using namespace tern;
using tern::fuzz::expect;

constexpr std::string_view references[] = {"mx.example.com", "victim.test", "mx", "a.b.example.com",
                                           "xn--bcher-kva.example"};
constexpr std::string_view permitted = "example.com";
constexpr time_t now = 1'800'000'000;  // 2027: certificates in the corpus stay valid

// The same key in each process, so that certificates in the corpus are signed by it.
EVP_PKEY* the_key() {
    static const tls::KeyPtr key = [] {
        const std::vector<unsigned char> seed(32, 'k');
        return tls::KeyPtr(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(),
                                                        seed.size()));
    }();
    return key.get();
}

tls::CertificatePtr make_root(bool limited) {
    test::CertificateSpec spec;
    spec.common_names = {"fuzz root"};
    spec.authority = true;
    if (limited) spec.permitted_names = permitted;
    tls::CertificatePtr root = test::make_identity(spec).certificate;
    ASN1_TIME_set(X509_getm_notBefore(root.get()), 1'700'000'000);
    ASN1_TIME_set(X509_getm_notAfter(root.get()), 2'000'000'000);
    expect(X509_set_pubkey(root.get(), the_key()) == 1 &&
           X509_sign(root.get(), the_key(), nullptr) > 0);
    return root;
}

using Chain = std::vector<tls::CertificatePtr>;

Chain certificates_in(std::string_view input) {
    Chain chain;
    while (input.size() > 2 && chain.size() < 5) {
        const std::size_t length = static_cast<unsigned char>(input[0]) * 256U +
                                   static_cast<unsigned char>(input[1]);
        const std::string_view der = input.substr(2, length);
        input.remove_prefix(2 + der.size());
        const auto* at = reinterpret_cast<const unsigned char*>(der.data());
        tls::CertificatePtr made(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
        if (made) chain.push_back(std::move(made));
    }
    ERR_clear_error();
    return chain;
}

void sign_again(Chain& chain, const X509* root) {
    for (std::size_t i = chain.size(); i-- > 0;) {
        const X509* const issuer = i + 1 < chain.size() ? chain[i + 1].get() : root;
        X509_set_issuer_name(chain[i].get(), X509_get_subject_name(issuer));
        X509_set_pubkey(chain[i].get(), the_key());
        X509_sign(chain[i].get(), the_key(), nullptr);
    }
    ERR_clear_error();
}

// The rule of names once more, from the contract.
bool bears(const X509* certificate, std::string_view reference) {
    const tls::PeerIdentity identity = tls::identity_of(certificate);
    const auto same = [reference](const std::string& name) {
        return equal_ignoring_case(name, reference);
    };
    if (identity.dns_names.empty()) return std::ranges::any_of(identity.common_names, same);
    const std::size_t dot = reference.find('.');
    const auto covers = [&](const std::string& name) {
        return same(name) || (dot != reference.npos && name.starts_with("*.") &&
                              equal_ignoring_case(name.substr(1), reference.substr(dot)));
    };
    return std::ranges::any_of(identity.dns_names, covers);
}

void judge(const tls::Verification& verification, X509_STORE_CTX* context, const X509* certificate,
           std::string_view reference, bool limited) {
    if (verification.held) {
        expect(verification.explanation.empty() && bears(certificate, reference));
        expect(!limited || reference.ends_with(permitted));
        return;
    }
    expect(X509_STORE_CTX_get_error(context) != X509_V_OK);
    expect(verification.cause == Cause::unverified);
    std::string words = verification.explanation;
    expect(!words.empty() && words.size() < 6000);
    expect(std::ranges::count(words, '\n') == 2);
    std::ranges::replace(words, '\n', ' ');
    expect(std::ranges::none_of(words, is_control));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    tls::start_openssl();
    tls::add_certificate_digests();
    const bool limited = (data[0] & 2) != 0;
    static const tls::CertificatePtr roots[] = {make_root(false), make_root(true)};
    X509* const root = roots[limited ? 1 : 0].get();
    const std::string_view reference = references[data[1] % std::size(references)];
    Chain chain = certificates_in({reinterpret_cast<const char*>(data) + 2, size - 2});
    if (chain.empty()) return 0;
    if ((data[0] & 1) != 0) sign_again(chain, root);

    const std::unique_ptr<X509_STORE, tls::Releaser<X509_STORE_free>> store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), root);
    X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
    const tls::ChainPtr sent(sk_X509_new_null());
    for (const tls::CertificatePtr& each : chain) X509_add_cert(sent.get(), each.get(), 1);
    const std::unique_ptr<X509_STORE_CTX, tls::Releaser<X509_STORE_CTX_free>> context(
        X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), sent.get());
    X509_STORE_CTX_set_default(context.get(), "ssl_server");
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context.get()), 2);
    X509_STORE_CTX_set_time(context.get(), 0, now);

    const tls::Requirement requirement =
        tls::Requirement::verified("control/tlshosts/mx.example.com.pem", std::string(reference));
    judge(tls::verify_server(context.get(), requirement), context.get(), chain.front().get(),
          reference, limited);
    ERR_clear_error();
    return 0;
}

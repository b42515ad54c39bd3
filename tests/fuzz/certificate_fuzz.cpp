// Any bytes as a server's certificate: its names are read, matched and shown within bounds. What
// matches must be plainly the same name. Input that is no certificate is taken as a pattern, a NUL,
// and the name it is matched with.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ascii.hpp"
#include "fuzz/tools.hpp"
#include "tls/facts.hpp"
#include "tls/openssl.hpp"
#include "tls/trust.hpp"
#include "tls/verify.hpp"

namespace {

using namespace tern;
using tern::fuzz::expect;

bool is_one_line(std::string_view words) {
    return std::none_of(words.begin(), words.end(), is_control);
}

// The rule once more, in another way: label for label, from the end.
void judge_match(std::string_view name, std::string_view reference) {
    if (!tls::name_covers(name, reference)) return;
    expect(name.find('\0') == std::string_view::npos && !name.empty());
    if (equal_ignoring_case(name, reference)) return;
    expect(name.starts_with("*."));
    const std::string_view parent = name.substr(1);
    expect(reference.size() > parent.size());
    const std::size_t label = reference.size() - parent.size();
    expect(equal_ignoring_case(reference.substr(label), parent));
    expect(reference.substr(0, label).find('.') == std::string_view::npos);
}

void judge_certificate(const X509* certificate) {
    const tls::PeerIdentity identity = tls::identity_of(certificate);
    constexpr std::string_view wanted = "mx.example.com";
    for (const std::string& name : identity.dns_names) judge_match(name, wanted);
    for (const std::string& name : identity.common_names) judge_match(name, wanted);
    if (tls::carries_name(identity, wanted)) {
        expect(!identity.names_unreadable);
        expect(!identity.dns_names.empty() || !identity.common_names.empty());
    }
    const tls::CertificateFacts facts = tls::facts_of(certificate);
    expect(facts.sha256.size() == 64 && facts.key.size() < 200 && facts.signature.size() < 200);
    // The name of a file comes from it: nothing of the peer's may get into that.
    const std::string hash = tls::hash_of(X509_get_subject_name(certificate));
    expect(hash.empty() || tls::is_called_by_hash(hash + ".0"));
    const tls::Requirement requirement =
        tls::Requirement::verified("control/tlshosts/mx.example.com.pem", std::string(wanted));
    tls::ChainTrouble trouble;
    trouble.error = X509_V_ERR_CERT_HAS_EXPIRED;
    for (std::string words : {tls::explain_name(identity, requirement),
                              tls::explain_chain(identity, trouble, requirement)}) {
        expect(words.size() < 6000);
        // Three lines, whatever the names hold: a fourth could pass for a sentence of ours.
        expect(std::ranges::count(words, '\n') == 2);
        std::ranges::replace(words, '\n', ' ');
        expect(is_one_line(words));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    tls::start_openssl();
    tls::add_certificate_digests();
    const std::uint8_t* at = data;
    const tls::CertificatePtr certificate(d2i_X509(nullptr, &at, static_cast<long>(size)));
    (void)tls::take_openssl_reason();
    if (certificate) judge_certificate(certificate.get());
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t nul = text.find_last_of('\0');
    if (nul != std::string_view::npos) judge_match(text.substr(0, nul), text.substr(nul + 1));
    expect(is_one_line(tls::printable(text)) && tls::printable(text).size() <= 203);
    return 0;
}

// Names in certificates, and verification failures in words; see verify.hpp.
#include "tls/verify.hpp"

#include <algorithm>
#include <memory>

#include <openssl/x509v3.h>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "tls/openssl.hpp"

namespace tern::tls {
namespace {

constexpr std::size_t longest_text = 200;  // bytes; a certificate may carry 100 KB of names
constexpr std::size_t most_names = 20;

using NamesPtr = std::unique_ptr<GENERAL_NAMES, Releaser<GENERAL_NAMES_free>>;

std::string_view bytes_of(const ASN1_STRING* text) {
    const int length = ASN1_STRING_length(text);
    if (length <= 0) return {};
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(length)};
}

void read_dns_names(const X509* certificate, PeerIdentity& identity) {
    int found = 0;
    const NamesPtr names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, &found, nullptr)));
    if (!names) {
        // -1: it has none. Twice or malformed: what it says must not open the way to CommonName.
        identity.names_unreadable = found != -1;
        return;
    }
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_DNS) identity.dns_names.emplace_back(bytes_of(name->d.dNSName));
    }
}

void read_common_names(const X509_NAME* subject, PeerIdentity& identity) {
    for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;) {
        const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i));
        unsigned char* utf8 = nullptr;
        const int length = ASN1_STRING_to_UTF8(&utf8, value);
        if (length < 0) continue;
        identity.common_names.emplace_back(reinterpret_cast<const char*>(utf8),
                                           static_cast<std::size_t>(length));
        OPENSSL_free(utf8);
    }
}

std::string contents(BIO* memory) {
    char* bytes = nullptr;
    const long length = BIO_get_mem_data(memory, &bytes);
    return length > 0 ? printable({bytes, static_cast<std::size_t>(length)}) : std::string();
}

std::string name_text(const X509_NAME* name) {
    const BioPtr memory(BIO_new(BIO_s_mem()));
    if (!memory) return "?";
    constexpr unsigned long flags =
        XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
    X509_NAME_print_ex(memory.get(), name, 0, flags);
    std::string shown = contents(memory.get());
    return shown.empty() ? "(empty)" : shown;
}

std::string time_text(const ASN1_TIME* time) {
    const BioPtr memory(BIO_new(BIO_s_mem()));
    if (!memory || ASN1_TIME_print_ex(memory.get(), time, ASN1_DTFLGS_ISO8601) != 1) return "?";
    return contents(memory.get());
}

bool concerns_dates(int error) {
    return error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID ||
           error == X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD ||
           error == X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD;
}

std::string server_line(const PeerIdentity& identity, bool with_dates) {
    std::string line = concat("\nServer certificate: ", listed_names(identity), "; subject ",
                              identity.subject, "; issuer ", identity.issuer);
    if (with_dates)
        line += concat("; valid from ", identity.valid_from, " to ", identity.valid_until);
    return line;
}

std::string requirement_line(const Requirement& requirement) {
    const bool same = requirement.origin == requirement.trust_file;
    return concat("\nRequired by ", requirement.origin, ": a certificate for ",
                  requirement.reference_name, " from an authority in ",
                  same ? "it" : requirement.trust_file);
}

bool is_constrained(const X509* certificate) {
    return X509_get_ext_by_NID(certificate, NID_name_constraints, -1) >= 0;
}

// Name constraints (RFC 5280 4.2.1.10) are checked against a CommonName only where it reads as a
// DNS name, which for OpenSSL takes a dot. One without a dot would escape them.
bool escapes_constraints(const PeerIdentity& identity, std::string_view reference,
                         X509_STORE_CTX* store) {
    if (!identity.dns_names.empty() || reference.find('.') != reference.npos) return false;
    const STACK_OF(X509)* const chain = X509_STORE_CTX_get0_chain(store);
    for (int i = 0; i < sk_X509_num(chain); ++i)
        if (is_constrained(sk_X509_value(chain, i))) return true;
    return false;
}

}  // namespace

std::string printable(std::string_view bytes) {
    std::string shown(bytes.substr(0, longest_text));
    std::replace_if(shown.begin(), shown.end(), is_control, '?');
    if (bytes.size() > longest_text) shown += "...";
    return shown;
}

PeerIdentity identity_of(const X509* certificate) {
    PeerIdentity identity;
    const X509_NAME* subject = X509_get_subject_name(certificate);
    read_dns_names(certificate, identity);
    read_common_names(subject, identity);
    identity.subject = name_text(subject);
    identity.issuer = name_text(X509_get_issuer_name(certificate));
    identity.valid_from = time_text(X509_get0_notBefore(certificate));
    identity.valid_until = time_text(X509_get0_notAfter(certificate));
    return identity;
}

bool name_covers(std::string_view name, std::string_view reference) {
    if (name.empty() || name.find('\0') != std::string_view::npos) return false;
    if (!name.starts_with("*.")) return equal_ignoring_case(name, reference);
    const std::size_t dot = reference.find('.');
    if (dot == std::string_view::npos || dot == 0) return false;
    const std::string_view parent = name.substr(2);
    return !parent.empty() && equal_ignoring_case(parent, reference.substr(dot + 1));
}

bool carries_name(const PeerIdentity& identity, std::string_view reference) {
    if (identity.names_unreadable) return false;
    if (!identity.dns_names.empty())
        return std::ranges::any_of(identity.dns_names, [reference](const std::string& name) {
            return name_covers(name, reference);
        });
    // contract.md#commonname: no wildcard. No authority vouches for one, name constraints do not
    // reach it, and RFC 6125 6.4.4 calls it a last resort even so.
    return std::ranges::any_of(identity.common_names, [reference](const std::string& name) {
        return name.find('*') == name.npos && name_covers(name, reference);
    });
}

std::string listed_names(const PeerIdentity& identity) {
    if (identity.names_unreadable) return "unreadable names";
    const bool common = identity.dns_names.empty();
    const std::vector<std::string>& names = common ? identity.common_names : identity.dns_names;
    if (names.empty()) return "no name";
    std::string list;
    for (std::size_t i = 0; i < names.size() && i < most_names; ++i) {
        if (i > 0) list += ", ";
        list += names[i].empty() ? "(empty name)" : printable(names[i]);
        if (common && names[i].find('*') != std::string::npos)
            list += " (wildcards are not valid in a CommonName)";
    }
    if (names.size() > most_names) list += concat(" and ", names.size() - most_names, " more");
    return list;
}

std::string explain_chain(const PeerIdentity& identity, const ChainTrouble& trouble,
                          const Requirement& requirement) {
    std::string words =
        concat("certificate verification failed: ", X509_verify_cert_error_string(trouble.error));
    if (trouble.depth > 0)
        words += concat(" (", trouble.subject, ", number ", trouble.depth,
                        " above the server's certificate)");
    const bool own_dates = concerns_dates(trouble.error) && trouble.depth == 0;
    return words + server_line(identity, own_dates) + requirement_line(requirement);
}

std::string explain_name(const PeerIdentity& identity, const Requirement& requirement) {
    return concat("the server's certificate is not for ", requirement.reference_name,
                  server_line(identity, false), requirement_line(requirement));
}

std::string explain_no_certificate(const Requirement& requirement) {
    return concat("the server sent no certificate", requirement_line(requirement));
}

Verification verify_server(X509_STORE_CTX* store, const Requirement& requirement) {
    Verification result;
    const X509* certificate = X509_STORE_CTX_get0_cert(store);
    if (certificate == nullptr) {
        result.explanation = explain_no_certificate(requirement);
        return result;
    }
    if (X509_verify_cert(store) != 1) {
        ChainTrouble trouble;
        trouble.error = X509_STORE_CTX_get_error(store);
        trouble.depth = X509_STORE_CTX_get_error_depth(store);
        // It must never read as success, whatever went wrong inside.
        if (trouble.error == X509_V_OK) trouble.error = X509_V_ERR_UNSPECIFIED;
        X509_STORE_CTX_set_error(store, trouble.error);
        if (trouble.error == X509_V_ERR_OUT_OF_MEM) result.cause = Cause::resources;
        if (const X509* at = X509_STORE_CTX_get_current_cert(store))
            trouble.subject = name_text(X509_get_subject_name(at));
        result.explanation = explain_chain(identity_of(certificate), trouble, requirement);
        return result;
    }
    const PeerIdentity identity = identity_of(certificate);
    if (!carries_name(identity, requirement.reference_name) ||
        escapes_constraints(identity, requirement.reference_name, store)) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
        result.explanation = explain_name(identity, requirement);
        return result;
    }
    result.held = true;
    return result;
}

}  // namespace tern::tls

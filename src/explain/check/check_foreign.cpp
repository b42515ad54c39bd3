// Files of other qmail packages that concern the sending program and are not read by it; see
// check_parts.hpp. Their meaning is that of the packages' own manuals.
#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "control/control_file.hpp"
#include "routing/tls_destinations.hpp"
#include "dns/domain.hpp"
#include "explain/check/check_parts.hpp"
#include "explain/show/printable.hpp"

namespace tern::explain {
namespace {

struct Foreign {
    std::string_view name;
    std::string_view package;
    std::string_view what;  ///< what its operator now lacks
    std::string_view cure;
    Severity severity = Severity::warning;
};

constexpr std::string_view by_sender =
    "move its lines to domainips, as domain:address, and * for all other senders";
constexpr std::string_view by_destination =
    "write outgoingip=ADDRESS into control/smtproutes.d/DOMAIN";
constexpr std::string_view by_go_program = "write them into control/smtproutes or authsenders";
constexpr std::string_view into_one_list =
    "write its lines into control/tlsclientciphers, which takes both lists";
constexpr std::string_view only_two_kinds =
    "write routes by domain into control/smtproutes and routes by sender into authsenders; there "
    "are none by recipient";
// It protects mail, so it is an error: mail must not go out weaker than the operator wrote.
constexpr std::string_view without_dane =
    "mail to these servers is sent without verifying TLSA records (DANE)";
constexpr std::string_view instead_of_dane =
    "require TLS of these servers by control/tlshosts/NAME.pem, and remove the file";
constexpr std::string_view bounce_signature =
    "turn off the check of signatures of bounces in qmail-smtpd, or sign in a wrapper";

constexpr std::array<Foreign, 24> foreign = {{
    {"outgoingips", "a patch", "source addresses by sender domain are not used",
     "rename it to domainips, which has the same format"},
    {"domainbindings", "indimail", "source addresses by sender are not used", by_sender},
    {"domainbindings6", "an IPv6 patch", "source addresses by sender are not used", by_sender},
    {"bindroutes", "indimail", "source addresses by destination are not used", by_destination},
    {"bindroutes6", "an IPv6 patch", "source addresses by destination are not used",
     by_destination},
    {"defaultoutgoingip", "a qmail-remote in Go", "the default source address is not used",
     "write the address into control/outgoingip"},
    {"routes", "a qmail-remote in Go", "its routes are not used", by_go_program},
    {"routemap", "a qmail-remote in Go", "its routes by sender and recipient are not used",
     by_go_program},
    {"moresmtproutes", "indimail", "its routes by recipient are not used", only_two_kinds},
    {"moresmtproutes.cdb", "indimail", "its routes by recipient are not used", only_two_kinds},
    {"smtproutes.cdb", "a patch", "the compiled routes are not used",
     "keep the text of it in control/smtproutes"},
    {"clientcipherlist", "indimail", "the ciphers up to TLS 1.2 are not used", into_one_list},
    {"clientciphersuite", "indimail", "the cipher suites of TLS 1.3 are not used", into_one_list},
    {"tlsclientmethod", "indimail", "the choice of TLS versions is not used",
     "remove it: TLS 1.2 and 1.3 are offered", Severity::note},
    {"tlsadomains", "indimail", without_dane, instead_of_dane, Severity::error},
    {"tlsadomains.cdb", "indimail", without_dane, instead_of_dane, Severity::error},
    {"domaincerts", "s/qmail", "client certificates by sender domain are not used",
     "use control/clientcert.pem, or clientcert=FILE in control/smtproutes.d/DOMAIN"},
    {"signkey", "indimail", "senders are not signed (BATV)", bounce_signature},
    {"batvkey", "indimail", "senders are not signed (BATV)", bounce_signature},
    {"remotecert", "qmail-ldap", "the client certificate is not used",
     "put certificate and private key into control/clientcert.pem"},
    {"tlsremoteciphers", "qmail-ldap", "the ciphers are not used",
     "write OpenSSL's names into control/tlsclientciphers"},
    {"smtpclustercookie", "qmail-ldap", "the cookie of the cluster is not sent",
     "make sure that no host of the cluster relies on it"},
    {"smtputf8", "a patch", "the switch is not used",
     "remove it: SMTPUTF8 is used where an address needs it", Severity::note},
    {"notlshosts_auto", "the combined patch set",
     "servers whose TLS fails are not remembered: each delivery tries TLS first, then cleartext",
     "name servers whose TLS never works in control/notlshosts/NAME", Severity::note},
}};

// notlshosts_auto is a switch, and 0 turns it off.
bool is_switched_off(std::string_view name) {
    return name == "notlshosts_auto" &&
           control::read_number(text("control/", name), 0, 1).value_or(1) == 0;
}

// indimail: outgoingip.example.org is for mail to example.org.
std::string_view domain_of_source(std::string_view name) {
    constexpr std::string_view prefix = "outgoingip.";
    if (!name.starts_with(prefix)) return {};
    const std::string_view domain = name.substr(prefix.size());
    return domain.find('.') != domain.npos && dns::Domain::parse(domain) ? domain
                                                                         : std::string_view();
}

void add(Checking& checking, std::string_view name, const Foreign& file) {
    checking.found.add(file.severity, text("control/", printable(name, 100)), 0,
                       text("not read (a file of ", file.package, "): ", file.what),
                       std::string(file.cure));
}

}  // namespace

bool is_foreign(std::string_view name) {
    return std::ranges::find(foreign, name, &Foreign::name) != foreign.end() ||
           !domain_of_source(name).empty();
}

void check_foreign(Checking& checking) {
    for (const std::string& name : names_in("control")) {
        const auto* const file = std::ranges::find(foreign, name, &Foreign::name);
        if (file != foreign.end() && !is_switched_off(name)) add(checking, name, *file);
        const std::string_view domain = domain_of_source(name);
        if (domain.empty()) continue;
        const std::string cure = text("write outgoingip=ADDRESS into control/smtproutes.d/",
                                      printable(domain, 100));
        add(checking, name, {name, "indimail", "the source address is not used", cure});
    }
    const std::string rules = read_checked(checking, "control/tlsdestinations", Severity::error);
    for (const routing::Mistake& mistake : routing::check_tls_destinations(rules))
        checking.found.add(mistake.defers ? Severity::error : Severity::warning,
                           mistake.origin.file, mistake.origin.line, printable(mistake.what), {});
}

}  // namespace tern::explain

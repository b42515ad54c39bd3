// Control files of other qmail packages; see catalogue.hpp.
#include "control/catalogue.hpp"

namespace tern::control {
namespace {

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
// It protects mail: mail must not go out weaker than the operator wrote.
constexpr std::string_view without_dane =
    "mail to these servers is sent without verifying TLSA records (DANE)";
constexpr std::string_view instead_of_dane =
    "require TLS of these servers by control/tlshosts/NAME.pem, and remove the file";
constexpr std::string_view bounce_signature =
    "turn off the check of signatures of bounces in qmail-smtpd, or sign in a wrapper";

constexpr std::array<ForeignFile, 24> foreign = {{
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
     "remove it: TLS 1.2 and 1.3 are offered", Loss::nothing},
    {"tlsadomains", "indimail", without_dane, instead_of_dane, Loss::protection},
    {"tlsadomains.cdb", "indimail", without_dane, instead_of_dane, Loss::protection},
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
     "remove it: SMTPUTF8 is used where an address needs it", Loss::nothing},
    {"notlshosts_auto", "the combined patch set",
     "servers whose TLS fails are not remembered: each delivery tries TLS first, then cleartext",
     "name servers whose TLS never works in control/notlshosts/NAME", Loss::nothing},
}};

}  // namespace

std::span<const ForeignFile> foreign_files() { return foreign; }

}  // namespace tern::control

// A probe as text; see probe_views.hpp.
#include "base/text.hpp"
#include "explain/show/printable.hpp"
#include "explain/probe/probe_views.hpp"

namespace tern::explain {
namespace {

constexpr std::size_t label_width = 13;

std::string labelled(const Paint& paint, std::string_view label, std::string_view words) {
    std::string line = paint.heading(label);
    line.append(label.size() < label_width ? label_width - label.size() : 1, ' ');
    return concat(line, words, "\n");
}

std::string indented(std::string_view label, std::string_view words) {
    std::string line = concat("  ", label);
    line.append(label.size() + 2 < label_width ? label_width - label.size() - 2 : 1, ' ');
    return concat(line, words, "\n");
}

std::string dialogue_text(const std::vector<Spoken>& dialogue, const Paint& paint) {
    std::string shown;
    for (const Spoken& spoken : dialogue) {
        for (const std::string& line : printable_lines(spoken.words)) {
            switch (spoken.who) {
                case Spoken::Who::us:
                    shown += concat("  C: ", paint.ours(line), "\n");
                    break;
                case Spoken::Who::server:
                    shown += concat("  S: ", line, "\n");
                    break;
                case Spoken::Who::tls:
                    shown += concat("     ", paint.faint(line), "\n");
                    break;
            }
        }
    }
    return shown;
}

std::string extensions_text(const smtp::Extensions& offered) {
    std::string words;
    const auto add = [&words](bool is_there, std::string_view keyword) {
        if (!is_there) return;
        if (!words.empty()) words += ", ";
        words += keyword;
    };
    add(offered.start_tls, "STARTTLS");
    add(offered.pipelining, "PIPELINING");
    add(offered.chunking, "CHUNKING");
    add(offered.size, offered.size_limit == 0 ? "SIZE" : concat("SIZE ", offered.size_limit));
    add(offered.eight_bit_mime, "8BITMIME");
    add(offered.smtputf8, "SMTPUTF8");
    add(offered.enhanced_status_codes, "ENHANCEDSTATUSCODES");
    add(offered.limits != smtp::Limits(), "LIMITS");
    add(!offered.auth_mechanisms.empty(), concat("AUTH ", printable(offered.auth_mechanisms, 200)));
    return words.empty() ? "none used by tern" : words;
}

std::string remaining(const tls::CertificateFacts& certificate, const Paint& paint,
                      std::chrono::seconds now) {
    if (!certificate.valid_until || !certificate.valid_from) return {};
    constexpr long day = 24L * 60 * 60;
    const long days = static_cast<long>((*certificate.valid_until - now).count()) / day;
    if (now > *certificate.valid_until) return paint.bad(" (expired)");
    if (now < *certificate.valid_from) return paint.bad(" (not yet valid)");
    return concat(" (", days, days == 1 ? " day left)" : " days left)");
}

std::string certificate_text(const tls::CertificateFacts& certificate, std::size_t place,
                             const Paint& paint, std::chrono::seconds now) {
    std::string shown = labelled(paint, concat("certificate ", place),
                                 printable(certificate.identity.subject, 300));
    shown += indented("issuer", printable(certificate.identity.issuer, 300));
    if (place == 0) shown += indented("names", printable(tls::listed_names(certificate.identity)));
    shown += indented("valid",
                      concat(certificate.identity.valid_from, " until ",
                             certificate.identity.valid_until, remaining(certificate, paint, now)));
    shown += indented("key", concat(certificate.key, ", signed with ", certificate.signature));
    shown += indented("SHA-256", certificate.sha256);
    return shown;
}

std::string failure_text(const Probed& probed, const Paint& paint) {
    std::string shown;
    for (const std::string& line : printable_lines(probed.report)) {
        shown += labelled(paint, shown.empty() ? "failed" : "", shown.empty() ? paint.bad(line)
                                                                                : line);
    }
    return shown;
}

std::string session_text(const Probed& probed, const Paint& paint, std::chrono::seconds now) {
    std::string shown =
        concat(paint.heading(probed.peer.to_string()), ", from ", probed.local.to_string(),
               ", EHLO name ", printable(probed.hello_name), "\n");
    shown += dialogue_text(probed.dialogue, paint);
    shown += "\n";
    if (probed.failure) shown += failure_text(probed, paint);
    else shown += labelled(paint, "extensions", extensions_text(probed.extensions));
    if (probed.tls) {
        for (std::size_t i = 0; i < probed.tls->chain.size(); ++i)
            shown += certificate_text(probed.tls->chain[i], i, paint, now);
        if (probed.requirement.kind == tls::Requirement::Kind::verified)
            shown += labelled(paint, "verified",
                              probed.tls->verified ? paint.good("yes") : paint.bad("no"));
    }
    for (const Consequence& one : consequences(probed))
        shown += labelled(paint, one.matter, one.good ? one.words : paint.bad(one.words));
    return shown;
}

}  // namespace

std::string probe_text(const Probe& probe, const Paint& paint, std::chrono::seconds now) {
    std::string shown;
    for (const delivery::Peer& peer : probe.skipped)
        shown += concat(peer.to_string(),
                        paint.warning(": skipped by deliveries: timed out recently"), "\n");
    for (const Unreached& one : probe.unreached)
        shown += concat(one.peer.to_string(), ": ", paint.bad(printable(one.why)), "\n");
    for (const Probed& one : probe.sessions) {
        if (!shown.empty()) shown += "\n";
        shown += session_text(one, paint, now);
    }
    if (probe.failure)
        shown +=
            concat(paint.bad(printable_in_one_line(delivery::failure_text(*probe.failure))), "\n");
    else if (probe.sessions.empty()) shown += concat(paint.bad("no address answered"), "\n");
    return shown;
}

}  // namespace tern::explain

// What a delivery would do with what a probe found; see probe.hpp. The rules themselves are those
// of session and sasl.
#include "base/text.hpp"
#include "explain/show/printable.hpp"
#include "explain/probe/probe.hpp"

namespace tern::explain {
namespace {

using Kind = tls::Requirement::Kind;

bool is_secured(const Probed& probed) {
    return probed.tls && !probed.tls->version.empty();
}

Consequence about_tls(const Probed& probed) {
    const tls::Requirement& rule = probed.requirement;
    Consequence result{"tls", {}, true};
    const bool failed =
        probed.failure && (probed.failure->stage == Stage::handshake ||
                           probed.failure->stage == Stage::start_tls);
    if (rule.kind == Kind::verified) {
        result.good = is_secured(probed) && !failed;
        result.words =
            concat("required and verified (", rule.origin,
                   result.good ? "): the certificate is valid"
                               : "): the mail would go to another exchanger that requires "
                                 "TLS, or be deferred");
    } else if (rule.implicit) {
        result.good = is_secured(probed) && !failed;
        result.words = "from the first byte (port 465), never cleartext; certificate verification "
                       "is not required";
    } else if (rule.kind == Kind::none) {
        result.words = concat("not used: disabled by ", rule.origin);
    } else if (failed) {
        result.good = false;
        result.words = "failed: a delivery would try the other exchangers, then fall back to "
                       "cleartext";
    } else if (is_secured(probed)) {
        result.words = "used because it is offered; it is not required and the certificate is not "
                       "verified";
        if (!probed.peer.name.empty())
            result.words +=
                concat(" (control/tlshosts/", probed.peer.name, ".pem would require both)");
    } else {
        result.words = probed.extensions.start_tls
                           ? "offered but rejected: the mail would be sent in cleartext"
                           : "not offered: the mail would be sent in cleartext";
    }
    return result;
}

std::string about_message(const smtp::Extensions& offered) {
    if (offered.chunking && offered.pipelining)
        return "by BDAT; a small message is pipelined with MAIL and RCPT";
    if (offered.chunking) return "by BDAT, one command at a time";
    if (offered.pipelining) return "by DATA, pipelined with MAIL and RCPT";
    return "by DATA, one command at a time";
}

std::string about_size(const smtp::Extensions& offered) {
    if (!offered.size) return "the server announces no maximum size";
    if (offered.size_limit == 0) return "declared in MAIL; the server announces no maximum size";
    return concat("at most ", grouped(offered.size_limit),
                  " bytes; a larger message would be rejected before MAIL");
}

std::string about_limits(const smtp::Limits& limits) {
    std::string words;
    const auto add = [&words](std::uint32_t number, std::string_view what) {
        if (number == 0) return;
        if (!words.empty()) words += ", ";
        words += concat("at most ", number, " ", what);
    };
    add(limits.recipients, "recipients per transaction");
    add(limits.transactions, "transactions per session");
    add(limits.domains, "recipient domains per session");
    return words;
}

Consequence about_login(const Probed& probed) {
    Consequence result{"auth", {}, true};
    const std::string& offered = probed.extensions.auth_mechanisms;
    if (offered.empty()) {
        result.words = "not offered: mail of a route with user and password would be deferred";
        return result;
    }
    sasl::Footing footing;
    footing.private_line =
        is_secured(probed) || probed.peer.endpoint.address.is_loopback_or_unspecified();
    footing.has_binding = probed.has_binding;
    if (!probed.mechanisms) {
        result.words = concat("a route with user and password would defer its mail: ",
                              printable(probed.mechanisms.error().detail));
        result.good = false;
        return result;
    }
    const std::span<const sasl::Mechanism> order = probed.mechanisms->empty()
                                                       ? sasl::usual_order()
                                                       : std::span(*probed.mechanisms);
    using sasl::Credentials;
    const auto choice = [&](Credentials::Kind kind) {
        const std::optional<sasl::Mechanism> chosen = sasl::choose(offered, kind, footing, order);
        return chosen ? std::string(sasl::name_of(*chosen)) : std::string("no mechanism in common");
    };
    if (!footing.private_line)
        result.words = "credentials would not be sent without TLS";
    else
        result.words =
            concat("a route with a password would use ", choice(Credentials::Kind::password),
                   "; with an access token: ", choice(Credentials::Kind::token));
    return result;
}

}  // namespace

std::vector<Consequence> consequences(const Probed& probed) {
    std::vector<Consequence> list(1, about_tls(probed));
    if (probed.failure) return list;
    const smtp::Extensions& offered = probed.extensions;
    const auto add = [&list](std::string_view matter, std::string words) {
        list.push_back(Consequence{std::string(matter), std::move(words), true});
    };
    add("message", about_message(offered));
    add("size", about_size(offered));
    add("8bit", offered.eight_bit_mime
                    ? "BODY=8BITMIME is declared where the message needs it"
                    : "not offered: 8-bit messages would be sent as they are");
    add("smtputf8", offered.smtputf8
                        ? "non-ASCII addresses can be sent"
                        : "not offered: recipients with a non-ASCII local part would be rejected");
    if (std::string limits = about_limits(offered.limits); !limits.empty())
        add("limits", std::move(limits));
    if (!probed.ignored.empty())
        add("ignored", concat("control/ignoreextensions: ", probed.ignored.keywords()));
    list.push_back(about_login(probed));
    if (!probed.certificate_trouble.empty())
        list.push_back(Consequence{"clientcert", printable(probed.certificate_trouble), false});
    return list;
}

}  // namespace tern::explain

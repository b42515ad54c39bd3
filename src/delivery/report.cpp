// The sentences of contract.md#reports, to the byte; see report.hpp.
#include "delivery/report.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "smtp/reply.hpp"

namespace tern::delivery {
namespace {

void append_sanitised(std::string& to, std::string_view text) {
    const auto before = static_cast<std::string::difference_type>(to.size());
    to += text;
    to.erase(std::remove(to.begin() + before, to.end(), '\r'), to.end());
    const auto is_unsafe = [](char c) { return is_control(c) && c != '\n' && c != '\t'; };
    std::replace_if(to.begin() + before, to.end(), is_unsafe, '?');
}

std::string remote_host_said(std::string_view reply) {
    std::string said = concat("\nRemote host said: ", reply.substr(0, smtp::reported_text));
    if (said.back() != '\n') said += '\n';
    return said;
}

// Names and words of others stay on one line, so that only phrases of the
// reports (contract.md#reports) begin one.
std::string on_one_line(std::string words) {
    for (char& c : words)
        if (c == '\n') c = ' ';
    while (!words.empty() && words.back() == ' ') words.pop_back();
    return words;
}

std::string refusal_text(const Failure& failure, const Peer& peer, bool end_of_data_written) {
    const std::string ip = peer.endpoint.address.to_string();
    const std::string said = remote_host_said(failure.reason());
    switch (failure.stage) {
        case Stage::greeting:
            return concat("Connected to ", ip, " but greeting failed.", said);
        case Stage::hello:
            return concat("Connected to ", ip, " but my name was rejected.", said);
        case Stage::mail:
            return concat("Connected to ", ip, " but sender was rejected.", said);
        case Stage::data:
            return concat(ip, " failed on DATA command.", said);
        case Stage::final_dot:
            return concat(ip, " failed after I sent the message.", said);
        default:
            return concat("Connected to ", ip, " but connection died. ",
                          end_of_data_written ? "Possible duplicate! " : "", peer.to_string(),
                          " closed the session (#4.4.2)",
                          // The recipient's own report has the reply already.
                          failure.stage == Stage::recipient ? std::string("\n") : said);
    }
}

std::string tls_text(const Failure& failure, const Peer& peer,
                     const tls::Requirement& requirement) {
    // The lines after the reason are tls/verify's own, with names that cannot begin a line.
    const std::string& reason = failure.reason();
    const std::size_t first =
        failure.cause == Cause::unverified ? reason.find('\n') : std::string::npos;
    const std::string detail = on_one_line(reason.substr(0, first));
    const std::string further =
        first == std::string::npos ? std::string() : concat(reason.substr(first + 1), "\n");
    if (failure.cause == Cause::injected)
        return concat("Connected to ", peer.endpoint.address.to_string(),
                      " but connection died. TLS with ", peer.to_string(),
                      " was abandoned: ", detail,
                      " (possible command injection attack) (#4.7.5)\n");
    if (!requirement.is_required())
        return concat("TLS connect failed: ", peer.to_string(), ": ", detail, " (#4.7.5)\n");
    const std::string by = requirement.origin.empty() ? std::string("Port 465")
                                                      : requirement.origin;
    return concat(by, " requires TLS, but TLS with ", peer.to_string(), " failed: ", detail,
                  failure.cause == Cause::tls_missing ? " (#4.7.10)\n" : " (#4.7.5)\n", further);
}

std::string auth_text(const Failure& failure, const Peer& peer) {
    const std::string ip = peer.endpoint.address.to_string();
    const auto told = [&](std::string_view code) {
        return concat(peer.to_string(), ": ", on_one_line(failure.detail), " (#", code, ")\n");
    };
    const bool has_words = failure.reply && !failure.reply->text.empty();
    const std::string said = has_words ? remote_host_said(failure.reply->text) : std::string("\n");
    if (failure.cause == Cause::auth_in_clear)
        return concat("Connected to ", ip, " but did not authenticate.\n", told("4.7.11"));
    if (failure.cause != Cause::auth_refused)
        return concat("Connected to ", ip, " but could not authenticate.", said, told("4.7.4"));
    return concat("Connected to ", ip, " but authentication was rejected.", said,
                  told(failure.code() / 100 == 4 ? "4.7.0" : "4.7.8"));
}

}  // namespace

std::string Peer::to_string() const {
    std::string where = name.empty() ? std::string() : concat(name, " ");
    where += concat("[", endpoint.address.to_string(), "]");
    if (endpoint.port != 25) where += concat(":", endpoint.port);
    return where;
}

std::string render(const Report& report) {
    std::string bytes;
    for (const RecipientReport& recipient : report.recipients) {
        bytes += recipient.letter;
        append_sanitised(bytes, recipient.text);
        bytes += '\0';
    }
    bytes += static_cast<char>(report.letter);
    append_sanitised(bytes, report.text);
    bytes += '\0';
    return bytes;
}

RecipientReport recipient_report(const session::RecipientAnswer& answer, const Peer& peer) {
    if (answer.accepted()) return {'r', ""};
    const std::string ip = peer.endpoint.address.to_string();
    if (answer.held_for_tls)
        return {'s', concat(ip, " does not like recipient.", remote_host_said(answer.reply->text))};
    if (!answer.reply)
        return {'h', concat(ip, " does not like recipient.\nThe address needs SMTPUTF8, which ",
                            peer.to_string(), " does not offer. (#5.6.7)\n")};
    return {answer.reply->transient() ? 's' : 'h',
            concat(ip, " does not like recipient.", remote_host_said(answer.reply->text))};
}

std::string accepted_text(const smtp::Reply& reply, const Peer& peer) {
    return concat(peer.endpoint.address.to_string(), " accepted message.",
                  remote_host_said(reply.text));
}

std::string failure_text(const Failure& failure, const Peer& peer, bool end_of_data_written,
                         const tls::Requirement& requirement) {
    const std::string ip = peer.endpoint.address.to_string();
    const std::string detail = on_one_line(failure.detail);
    switch (failure.cause) {
        case Cause::rejected:
            if (failure.stage == Stage::start_tls && requirement.is_required())
                return tls_text(failure, peer, requirement);
            return refusal_text(failure, peer, end_of_data_written);
        case Cause::all_refused:
            // The recipients' own reports carry the replies. Without one no RCPT was sent.
            if (!failure.reply) return concat("Giving up on ", ip, ".\n", detail, " (#5.6.7)\n");
            return concat("Giving up on ", ip, ".\n");
        case Cause::too_large:
            return concat(ip, " does not accept this message: ", detail, ". (#5.3.4)\n");
        case Cause::no_chunking:
            return concat(ip, " failed after I sent the message.",
                          remote_host_said(failure.reason()),
                          "It offers CHUNKING but does not implement BDAT. (#4.5.1)\n");
        case Cause::needs_smtputf8:
            return concat(ip, " cannot accept this message: ", detail, ". (#5.6.7)\n");
        case Cause::injected:
        case Cause::tls_missing:
        case Cause::unverified: return tls_text(failure, peer, requirement);
        case Cause::auth_missing:
        case Cause::auth_in_clear:
        case Cause::auth_no_mechanism:
        case Cause::auth_refused: return auth_text(failure, peer);
        case Cause::cancelled:
        case Cause::resources:  // in the midst of a session: TLS needs memory for its records
            if (!end_of_data_written) return failure_text(failure);
            return concat("Connected to ", ip, " but connection died. Possible duplicate! ", detail,
                          " (#4.3.0)\n");
        case Cause::tls:
        case Cause::timed_out:
        case Cause::closed:
        case Cause::protocol_error:
            if (failure.stage == Stage::handshake) return tls_text(failure, peer, requirement);
            if (failure.stage == Stage::greeting && failure.cause == Cause::protocol_error)
                return concat(
                    "Connected to ", ip, " but greeting failed.",
                    failure.reply ? remote_host_said(failure.reply->text) : std::string("\n"),
                    detail, " (#4.5.0)\n");
            return concat("Connected to ", ip, " but connection died. ",
                          end_of_data_written ? "Possible duplicate! " : "", peer.to_string(), ": ",
                          detail, " (#4.4.2)\n");
        default: return failure_text(failure);
    }
}

// The phrases are the old program's where it had one; what we add is on the next line.
std::string failure_text(const Failure& failure, routing::Protocol protocol) {
    const std::string detail = on_one_line(failure.detail);
    const bool qmtp = protocol == routing::Protocol::qmtp;
    switch (failure.cause) {
        case Cause::control_file:
            return concat("Unable to read control files. (#4.3.0)\n", detail, "\n");
        case Cause::home:
            return concat("Unable to switch to home directory. (#4.3.0)\n", detail, "\n");
        case Cause::message_source:
            return concat("Unable to read message. (#4.3.0)\n", detail, "\n");
        case Cause::partial_line:
            return concat(
                "SMTP cannot transfer messages with partial final lines. (#5.6.2)\n",
                qmtp ? "QMTP can, but the relay may have to forward the message by SMTP.\n" : "");
        case Cause::resources:
            return concat("System resources temporarily unavailable. (#4.3.0)\n", detail, "\n");
        case Cause::name_service:
            return concat("Sorry, I couldn't find any host by that name. (#4.1.2)\n", detail, "\n");
        case Cause::no_such_host:
            return concat("Sorry, I couldn't find any host named ", detail, ". (#5.1.2)\n");
        case Cause::no_address:
            return concat("Sorry, I couldn't find a mail exchanger or IP address. (#5.4.4)\n",
                          detail, "\n");
        case Cause::no_relay:
            return concat("Sorry, ", detail, ". (#4.4.4)\n");
        case Cause::null_mx:
            return concat("Sorry, ", detail,
                          " accepts no mail: its only MX is the null MX. (#5.1.10)\n");
        case Cause::loops_back:
            return concat(
                "Sorry. Although I'm listed as a best-preference MX or A for that host,\n"
                "it isn't in my control/locals file, so I don't treat it as local. "
                "(#5.4.6)\nThe host is ",
                detail, ".\n");
        case Cause::bad_sender:
            return concat("The sender's address cannot be sent: ", detail, ". (#5.1.7)\n");
        case Cause::bad_recipients:
            return concat("No recipient's address can be sent: ", detail, ". (#5.1.3)\n");
        case Cause::refused:
        case Cause::timed_out:
            return concat("Sorry, I wasn't able to establish ", qmtp ? "a QMTP" : "an SMTP",
                          " connection. (#4.4.1)\n", failure.detail);
        default:
            return concat(detail, " (#4.3.0)\n");
    }
}

}  // namespace tern::delivery

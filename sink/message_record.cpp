// The JSON line of one message.
#include <chrono>
#include <string>
#include <string_view>

#include "sink/json.hpp"
#include "sink/transaction.hpp"

namespace tern::sink {

namespace {

void write_tls(JsonWriter& json, const SessionFacts& session) {
    json.key("tls");
    if (!session.tls) return json.null();
    const TlsFacts& tls = *session.tls;
    json.open_object();
    json.field("starttls", session.starttls);
    json.field("version", tls.version);
    json.field("cipher", tls.cipher);
    json.field("group", tls.group);
    json.field("sni", tls.server_name);
    json.key("alpn");
    json.open_array();
    for (const std::string& protocol : tls.alpn) json.string(protocol);
    json.close_array();
    json.field("resumed", tls.resumed);
    json.field("client_certificate", tls.client_certificate);
    json.close_object();
}

void write_path(JsonWriter& json, const PathArgument& path) {
    json.open_object();
    json.field("address", path.address);
    json.key("parameters");
    json.open_object();
    for (const Parameter& parameter : path.parameters)
        json.field(parameter.keyword, parameter.value);
    json.close_object();
    json.close_object();
}

void write_envelope(JsonWriter& json, const Transaction& transaction) {
    json.key("sender");
    write_path(json, transaction.sender);
    json.key("recipients");
    json.open_array();
    for (const PathArgument& recipient : transaction.recipients) write_path(json, recipient);
    json.close_array();
    json.key("refused_recipients");
    json.open_array();
    for (const RefusedRecipient& refused : transaction.refused) {
        json.open_object();
        json.field("address", refused.address);
        json.field("reply", refused.reply);
        json.close_object();
    }
    json.close_array();
}

void write_extensions(JsonWriter& json, const SessionFacts& session,
                      const Transaction& transaction) {
    json.key("extensions_used");
    json.open_array();
    if (session.starttls) json.string("STARTTLS");
    if (!session.mechanism.empty()) json.string("AUTH");
    if (transaction.pipelined) json.string("PIPELINING");
    if (transaction.chunks != 0) json.string("CHUNKING");
    if (transaction.sender.find("SIZE") != nullptr) json.string("SIZE");
    if (transaction.sender.find("BODY") != nullptr) json.string("8BITMIME");
    if (transaction.smtputf8) json.string("SMTPUTF8");
    json.close_array();
}

void write_text(JsonWriter& json, const BodyFacts& facts, const StoredBody& stored) {
    json.field("size", stored.size);
    json.field("lines", facts.lines);
    json.field("longest_line", facts.longest_line);
    json.field("long_lines", facts.long_lines);
    json.field("bare_cr", facts.bare_cr);
    json.field("bare_lf", facts.bare_lf);
    json.field("dots_removed", facts.dots_removed);
    json.field("eight_bit", facts.eight_bit);
    json.field("ends_with_newline", facts.ends_with_newline);
    if (!stored.digest.empty()) json.field("sha256", stored.digest);
    if (!stored.path.empty()) json.field("file", stored.path);
    if (stored.text) json.field("body", *stored.text);
    json.field("as_expected", stored.as_expected);
}

}  // namespace

std::string message_record(const SessionFacts& session, const Transaction& transaction,
                           const BodyFacts& facts, const StoredBody& stored, bool accepted,
                           std::string_view reply) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    JsonWriter json;
    json.open_object();
    json.field("event", "message");
    json.field("time_ms", static_cast<std::uint64_t>(
                              std::chrono::duration_cast<std::chrono::milliseconds>(now).count()));
    json.field("connection", session.connection);
    json.field("message", session.messages);
    json.field("client", session.peer.client);
    json.field("server", session.peer.server);
    json.field("hello", session.hello);
    json.field("esmtp", session.extended);
    write_tls(json, session);
    json.key("auth");
    if (session.mechanism.empty()) {
        json.null();
    } else {
        json.open_object();
        json.field("mechanism", session.mechanism);
        json.field("user", session.user);
        json.close_object();
    }
    write_envelope(json, transaction);
    write_extensions(json, session, transaction);
    json.field("transfer", transaction.by_qmtp       ? "QMTP"
                           : transaction.chunks != 0 ? "BDAT"
                                                     : "DATA");
    json.field("chunks", transaction.chunks);
    json.field("waits", session.waits);
    write_text(json, facts, stored);
    json.field("accepted", accepted);
    json.field("reply", reply);
    json.close_object();
    return json.text();
}

}  // namespace tern::sink

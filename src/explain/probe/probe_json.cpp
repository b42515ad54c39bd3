// A probe for programs; see probe_views.hpp.
#include "explain/show/json.hpp"
#include "explain/show/printable.hpp"
#include "explain/probe/probe_views.hpp"

namespace tern::explain {
namespace {

Json peer_json(const delivery::Peer& peer) {
    Json json = Json::object();
    if (!peer.name.empty()) json["name"] = peer.name;
    json["address"] = peer.endpoint.address.to_string();
    json["port"] = peer.endpoint.port;
    return json;
}

Json dialogue_json(const std::vector<Spoken>& dialogue) {
    Json json = Json::array();
    for (const Spoken& spoken : dialogue) {
        if (spoken.who == Spoken::Who::tls) continue;
        Json line = Json::object();
        line["who"] = spoken.who == Spoken::Who::us ? "client" : "server";
        line["secured"] = spoken.secured;
        line["lines"] = printable_lines(spoken.words);
        json.push_back(std::move(line));
    }
    return json;
}

Json extensions_json(const smtp::Extensions& offered) {
    Json json = Json::object();
    json["starttls"] = offered.start_tls;
    json["pipelining"] = offered.pipelining;
    json["chunking"] = offered.chunking;
    json["size"] = offered.size;
    json["size_limit"] = offered.size_limit;
    json["8bitmime"] = offered.eight_bit_mime;
    json["smtputf8"] = offered.smtputf8;
    json["enhancedstatuscodes"] = offered.enhanced_status_codes;
    json["auth"] = printable(offered.auth_mechanisms);
    json["limits"] = {{"mailmax", offered.limits.transactions},
                      {"rcptmax", offered.limits.recipients},
                      {"rcptdomainmax", offered.limits.domains}};
    return json;
}

Json certificate_json(const tls::CertificateFacts& certificate) {
    Json json = Json::object();
    json["subject"] = printable(certificate.identity.subject);
    json["issuer"] = printable(certificate.identity.issuer);
    json["dns_names"] = Json::array();
    for (const std::string& name : certificate.identity.dns_names) {
        constexpr std::size_t most_names = 200;
        if (json["dns_names"].size() == most_names) break;
        json["dns_names"].push_back(printable(name, 300));
    }
    json["valid_from"] = certificate.identity.valid_from;
    json["valid_until"] = certificate.identity.valid_until;
    json["key"] = certificate.key;
    json["signature"] = certificate.signature;
    json["sha256"] = certificate.sha256;
    return json;
}

Json tls_json(const tls::Facts& facts) {
    Json json = Json::object();
    if (!facts.version.empty()) {
        json["version"] = facts.version;
        json["cipher"] = facts.cipher;
        json["group"] = facts.group;
    }
    json["verified"] = facts.verified;
    json["chain"] = Json::array();
    for (const tls::CertificateFacts& certificate : facts.chain)
        json["chain"].push_back(certificate_json(certificate));
    return json;
}

Json rule_json(const tls::Requirement& rule) {
    using Kind = tls::Requirement::Kind;
    Json json = Json::object();
    switch (rule.kind) {
        case Kind::none: json["tls"] = "never"; break;
        case Kind::opportunistic: json["tls"] = "offered"; break;
        case Kind::encrypted: json["tls"] = "demanded"; break;
        case Kind::verified: json["tls"] = "verified"; break;
    }
    json["implicit"] = rule.implicit;
    if (!rule.origin.empty()) json["origin"] = printable(rule.origin);
    return json;
}

Json session_json(const Probed& probed) {
    Json json = Json::object();
    json["server"] = peer_json(probed.peer);
    json["good"] = !probed.failure;
    json["local_address"] = probed.local.to_string();
    json["hello_name"] = printable(probed.hello_name);
    json["rule"] = rule_json(probed.requirement);
    json["dialogue"] = dialogue_json(probed.dialogue);
    if (!probed.failure) json["extensions"] = extensions_json(probed.extensions);
    if (probed.tls) json["tls"] = tls_json(*probed.tls);
    if (probed.failure) json["failure"] = printable_lines(probed.report);
    json["delivery"] = Json::object();
    for (const Consequence& one : consequences(probed)) json["delivery"][one.matter] = one.words;
    return json;
}

}  // namespace

std::string probe_json(const Probe& probe) {
    Json json = Json::object();
    json["good"] = probe.good();
    if (probe.failure)
        json["failure"] = printable_in_one_line(delivery::failure_text(*probe.failure));
    json["silent_lately"] = Json::array();
    for (const delivery::Peer& peer : probe.skipped)
        json["silent_lately"].push_back(peer_json(peer));
    json["unreached"] = Json::array();
    for (const Unreached& one : probe.unreached) {
        Json json_of_one = peer_json(one.peer);
        json_of_one["why"] = printable(one.why);
        json["unreached"].push_back(std::move(json_of_one));
    }
    json["sessions"] = Json::array();
    for (const Probed& one : probe.sessions) json["sessions"].push_back(session_json(one));
    return json.dump(2) + "\n";
}

}  // namespace tern::explain

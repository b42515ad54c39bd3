// Mail of one domain whose servers differ in what they require of TLS; see check_parts.hpp. Which
// exchangers a domain has only the DNS knows: that is for tern route.
#include <algorithm>

#include "base/text.hpp"
#include "control/control_file.hpp"
#include "control/server_files.hpp"
#include "delivery/server_requirement.hpp"
#include "explain/check/check_parts.hpp"
#include "explain/route/partial_tls.hpp"

namespace tern::explain {
namespace {

// What follows the first dot, if it is more than a top-level domain.
std::string_view parent_of(std::string_view name) {
    const std::string_view parent = name.substr(std::min(name.find('.'), name.size() - 1) + 1);
    return parent.find('.') == parent.npos ? std::string_view() : parent;
}

// Relays of one line take the place of each other.
void check_relays(Checking& checking, const routing::Route& route) {
    control::ServerFileReader rules;
    PartialTls partial;
    for (const routing::Relay& relay : route.relays) {
        const Result<tls::Requirement> rule =
            delivery::requirement_for(rules, route, exchanger_of(relay));
        if (rule && !relay.by_mx) partial.add(name_of(relay), rule->is_required());
    }
    if (partial.is_partial())
        checking.found.add(Severity::warning, route.origin.file, route.origin.line, partial.what(),
                           partial.cure());
}

}  // namespace

void check_partial_tls(Checking& checking) {
    using routing::Keys;
    for (const auto& [path, keys] : {std::pair{"control/smtproutes", Keys::domains},
                                     std::pair{"control/authsenders", Keys::senders}}) {
        const auto content = control::read_file(path);
        if (!content || !*content) continue;
        for (const routing::Route& route : routes_of_lines(path, **content, keys))
            check_relays(checking, route);
    }
    std::vector<std::string> required;
    for (const std::string& file : names_in("control/tlshosts"))
        if (file.ends_with(".pem") && fault_of_name(file.substr(0, file.size() - 4)).empty())
            required.push_back(file.substr(0, file.size() - 4));
    if (required.empty()) return;
    checking.found.note(
        "control/tlshosts",
        "TLS is required only of the servers named here: mail for a domain that has other "
        "exchangers too can be sent there without it",
        "list the exchangers of such a domain with: tern route '' DOMAIN");
    for (const std::string& name : names_in("control/notlshosts")) {
        const std::string_view parent = parent_of(name);
        const auto sibling = std::ranges::find_if(required, [&](const std::string& other) {
            return other != name && !parent.empty() && parent_of(other) == parent;
        });
        if (sibling != required.end())
            checking.found.note(concat("control/notlshosts/", name),
                                concat("TLS is disabled here but required at ", *sibling,
                                       ": if both are exchangers of one domain, its mail can be "
                                       "sent in cleartext"),
                                "remove one of the two, unless they serve different domains");
    }
}

}  // namespace tern::explain

// Sentences about servers that differ in what they require of TLS; see partial_tls.hpp.
#include "explain/route/partial_tls.hpp"

#include <algorithm>

#include "base/ip.hpp"
#include "base/text.hpp"

namespace tern::explain {
namespace {

constexpr std::size_t most_named = 3;

std::string listed(const std::vector<std::string>& servers, std::string_view before,
                   std::string_view after) {
    std::string words;
    for (std::size_t i = 0; i < std::min(servers.size(), most_named); ++i)
        words += concat(i == 0 ? "" : ", ", before, servers[i], after);
    if (servers.size() > most_named) words += concat(" and ", servers.size() - most_named, " more");
    return words;
}

}  // namespace

void PartialTls::add(std::string server, bool requires_tls) {
    std::vector<std::string>& list = requires_tls ? with_ : without_;
    if (std::ranges::find(list, server) == list.end()) list.push_back(std::move(server));
}

std::string PartialTls::what() const {
    return concat("TLS is required at ", listed(with_, "", ""), " but not at ",
                  listed(without_, "", ""), ": mail that is sent there is not protected");
}

std::string PartialTls::cure() const {
    const auto is_name = [](const std::string& server) { return !IpAddress::parse(server); };
    if (!std::ranges::all_of(without_, is_name))
        return "give every server by name, and add its control/tlshosts/NAME.pem";
    return concat("add ", listed(without_, "control/tlshosts/", ".pem"));
}

}  // namespace tern::explain

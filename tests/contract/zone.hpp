// What the name servers of a contract test know. Each host serves it in its own way.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "dns/resolver.hpp"

namespace tern::test {

enum class Kind { mx, ipv4, ipv6 };

/// The records of one name, and the troubles with it.
struct Node {
    std::vector<dns::Mx> exchangers;  ///< names as the server writes them, "" for the root
    std::vector<IpAddress> addresses;
    std::string alias;
    bool authentic = false;
    std::set<Kind> servfails;
    std::set<Kind> truncates;  ///< over UDP; whole over TCP
    std::set<Kind> mute;

    Node& mx(std::uint16_t preference, std::string exchanger) {
        exchangers.push_back(dns::Mx{preference, std::move(exchanger)});
        return *this;
    }
    Node& address(std::string_view text) {
        addresses.push_back(IpAddress::parse(text).value());
        return *this;
    }
};

/// Names in lower case; a name that is not here does not exist.
using Zone = std::map<std::string, Node>;

}  // namespace tern::test

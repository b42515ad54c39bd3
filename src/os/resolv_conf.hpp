// /etc/resolv.conf: which name servers to ask, and how patiently. No search list is read:
// mail goes to fully qualified names.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/failure.hpp"
#include "base/ip.hpp"

namespace tern::os {

constexpr std::uint16_t name_service_port = 53;

/// One name server.
struct NameServer {
    IpAddress address;
    std::string zone;  ///< of a link-local IPv6 address: the interface's name or number
    std::uint16_t port = name_service_port;

    friend bool operator==(const NameServer&, const NameServer&) = default;
};

/// What resolv.conf(5) says that matters to us; the defaults are libc's.
struct ResolvConf {
    std::vector<NameServer> servers;           ///< at least one
    std::chrono::milliseconds timeout{5000};   ///< `options timeout:n`: for one server's answer
    int attempts = 2;                          ///< rounds over all servers
    bool rotate = false;

    friend bool operator==(const ResolvConf&, const ResolvConf&) = default;
};

/// Reads the text of the file by libc's rules: at most 3 servers, time-out 1 .. 30 s, 1 .. 5
/// attempts, unknown lines and options and malformed addresses are ignored, the last option wins.
/// No server named: 127.0.0.1.
[[nodiscard]] ResolvConf parse_resolv_conf(std::string_view text);

/// Reads the file at `path`. A missing file is an empty one, as for libc; one that is there and
/// cannot be read fails with Cause::name_service, so that 127.0.0.1 is not asked by mistake.
[[nodiscard]] Result<ResolvConf> read_resolv_conf(const std::string& path);

}  // namespace tern::os

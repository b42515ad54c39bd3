// Addresses of all interfaces, IPv4 by netdevice(7), IPv6 by rtnetlink(7); see local_addresses.hpp.
// getifaddrs(3) asks for the links as well, with all their statistics, which costs more than the
// rest of a look-up; rtnetlink alone takes 10 us more than the one ioctl(2).
#include "os/local_addresses.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include "base/text.hpp"
#include "os/descriptor.hpp"
#include "os/error_words.hpp"

namespace tern::os {
namespace {

using Bytes = std::span<const unsigned char>;

// The kernel's records stand at multiples of 4 in a buffer of bytes.
template <class T>
std::optional<T> front(Bytes bytes) {
    T value;
    if (bytes.size() < sizeof value) return std::nullopt;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

Bytes behind(Bytes bytes, std::size_t size) {
    const std::size_t aligned = (size + 3) / 4 * 4;
    return bytes.subspan(std::min(aligned, bytes.size()));
}

// The value of the attribute `wanted` among `attributes`; empty where there is none.
Bytes attribute_of(Bytes attributes, unsigned short wanted) {
    while (const std::optional<rtattr> head = front<rtattr>(attributes)) {
        if (head->rta_len < sizeof *head || head->rta_len > attributes.size()) break;
        if (head->rta_type == wanted)
            return attributes.subspan(sizeof *head, head->rta_len - sizeof *head);
        attributes = behind(attributes, head->rta_len);
    }
    return {};
}

// One RTM_NEWADDR. IFA_ADDRESS is the other end where a link has two, and IFA_LOCAL ours.
void add_address(Bytes message, std::vector<IpAddress>& to) {
    const std::optional<ifaddrmsg> header = front<ifaddrmsg>(message);
    if (!header || header->ifa_family != AF_INET6) return;
    const Bytes attributes = behind(message, sizeof *header);
    const Bytes local = attribute_of(attributes, IFA_LOCAL);
    using Ipv6 = std::array<std::uint8_t, 16>;
    const std::optional<Ipv6> address =
        front<Ipv6>(local.empty() ? attribute_of(attributes, IFA_ADDRESS) : local);
    if (address) to.push_back(IpAddress::ipv6(*address));
}

/// What a datagram of the kernel's answer says of the rest.
enum class Answer { goes_on, ended, broken };

Answer read_datagram(Bytes datagram, std::vector<IpAddress>& to) {
    while (!datagram.empty()) {
        const std::optional<nlmsghdr> header = front<nlmsghdr>(datagram);
        if (!header || header->nlmsg_len < sizeof *header || header->nlmsg_len > datagram.size() ||
            header->nlmsg_type == NLMSG_ERROR)
            return Answer::broken;
        if (header->nlmsg_type == NLMSG_DONE) return Answer::ended;
        if (header->nlmsg_type == RTM_NEWADDR)
            add_address(datagram.subspan(sizeof *header, header->nlmsg_len - sizeof *header), to);
        datagram = behind(datagram, header->nlmsg_len);
    }
    return Answer::goes_on;
}

Result<std::vector<IpAddress>> unable(std::string_view why) {
    return fail(Stage::routing, Cause::resources,
                concat("unable to list this host's network interfaces: ", why));
}

Result<std::vector<IpAddress>> ipv4_addresses() {
    const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return unable(error_words(errno));
    // Whether a list that fills the room is complete is not known.
    for (std::vector<ifreq> room(32);; room.resize(4 * room.size())) {
        ifconf list{};
        list.ifc_len = static_cast<int>(room.size() * sizeof(ifreq));
        list.ifc_req = room.data();
        if (::ioctl(socket.get(), SIOCGIFCONF, &list) != 0) return unable(error_words(errno));
        const std::size_t count = static_cast<std::size_t>(list.ifc_len) / sizeof(ifreq);
        if (count == room.size()) continue;
        std::vector<IpAddress> addresses;
        for (const ifreq& each : std::span(room).first(count)) {
            sockaddr_in address;
            std::array<std::uint8_t, 4> bytes;
            std::memcpy(&address, &each.ifr_addr, sizeof address);
            std::memcpy(bytes.data(), &address.sin_addr, bytes.size());
            addresses.push_back(IpAddress::ipv4(bytes));
        }
        return addresses;
    }
}

Result<std::vector<IpAddress>> ipv6_addresses() {
    struct {
        nlmsghdr header;
        ifaddrmsg body;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_GETADDR;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.body.ifa_family = AF_INET6;
    const Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket || ::send(socket.get(), &request, sizeof request, 0) < 0)
        return unable(error_words(errno));
    std::vector<IpAddress> addresses;
    std::array<unsigned char, 8192> buffer;  // the kernel's own measure (netlink(7))
    for (;;) {
        const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_TRUNC);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return unable(error_words(errno));
        const auto size = static_cast<std::size_t>(got);
        if (size > buffer.size()) return unable("the kernel's answer is too long");
        switch (read_datagram(Bytes(buffer).first(size), addresses)) {
            case Answer::goes_on: break;
            case Answer::ended: return addresses;
            case Answer::broken: return unable("the kernel's answer is not a list of addresses");
        }
    }
}

}  // namespace

Result<bool> LocalAddresses::is_ourselves(const IpAddress& address) {
    if (address.is_loopback_or_unspecified()) return true;
    const bool ipv4 = address.family() == Family::ipv4;
    std::optional<std::vector<IpAddress>>& known = ipv4 ? ipv4_ : ipv6_;
    if (!known) {
        Result<std::vector<IpAddress>> listed = ipv4 ? ipv4_addresses() : ipv6_addresses();
        if (!listed) return tl::unexpected<Failure>(std::move(listed.error()));
        known = std::move(*listed);
    }
    return std::ranges::find(*known, address) != known->end();
}

}  // namespace tern::os

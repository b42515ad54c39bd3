// Addresses of all interfaces, by rtnetlink(7); see local_addresses.hpp. getifaddrs(3) asks for
// the links as well, with all their statistics, which costs more than the rest of a look-up.
#include "os/local_addresses.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
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

void add_address(int family, Bytes bytes, std::vector<IpAddress>& to) {
    std::array<std::uint8_t, 4> ipv4{};
    std::array<std::uint8_t, 16> ipv6{};
    if (family == AF_INET && bytes.size() == ipv4.size()) {
        std::ranges::copy(bytes, ipv4.begin());
        to.push_back(IpAddress::ipv4(ipv4));
    } else if (family == AF_INET6 && bytes.size() == ipv6.size()) {
        std::ranges::copy(bytes, ipv6.begin());
        to.push_back(IpAddress::ipv6(ipv6));
    }
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
void add_addresses(Bytes message, std::vector<IpAddress>& to) {
    const std::optional<ifaddrmsg> header = front<ifaddrmsg>(message);
    if (!header) return;
    const Bytes attributes = behind(message, sizeof *header);
    const Bytes local = attribute_of(attributes, IFA_LOCAL);
    add_address(header->ifa_family, local.empty() ? attribute_of(attributes, IFA_ADDRESS) : local,
                to);
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
            add_addresses(
                datagram.subspan(sizeof *header, header->nlmsg_len - sizeof *header), to);
        datagram = behind(datagram, header->nlmsg_len);
    }
    return Answer::goes_on;
}

Result<std::vector<IpAddress>> unable(std::string_view why) {
    return fail(Stage::routing, Cause::resources,
                text("unable to list this host's network interfaces: ", why));
}

Result<std::vector<IpAddress>> list_interfaces() {
    struct {
        nlmsghdr header;
        ifaddrmsg body;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_GETADDR;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.body.ifa_family = AF_UNSPEC;
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
            case Answer::broken: return unable("the kernel's answer is no list of addresses");
        }
    }
}

}  // namespace

Result<bool> LocalAddresses::is_ourselves(const IpAddress& address) {
    if (address.is_loopback_or_unspecified()) return true;
    if (!listed_) {
        Result<std::vector<IpAddress>> listed = list_interfaces();
        if (!listed) return tl::unexpected<Failure>(std::move(listed.error()));
        listed_ = std::move(*listed);
    }
    return std::ranges::find(*listed_, address) != listed_->end();
}

}  // namespace tern::os

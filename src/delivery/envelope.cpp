// Reads the envelope; see envelope.hpp.
#include "delivery/envelope.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "dns/domain.hpp"
#include "smtp/address.hpp"

namespace tern::delivery {
namespace {

tl::expected<smtp::Path, std::string> read_address(std::string_view address) {
    tl::expected<smtp::Path, std::string> path = smtp::parse_address(address);
    if (!path || !has_8bit(path->domain)) return path;
    const std::optional<dns::Domain> domain = dns::Domain::parse(path->domain);
    if (!domain)
        return tl::unexpected<std::string>("its domain has no form in the DNS (RFC 5890)");
    path->domain = domain->ascii();
    return path;
}

}  // namespace

Result<Addressing> read_envelope(std::string_view sender,
                                 std::span<const std::string_view> recipients) {
    Addressing addressing;
    tl::expected<smtp::Path, std::string> from = read_address(sender);
    if (!from) return fail(Stage::start, Cause::bad_sender, from.error());
    addressing.wire.sender = std::move(*from);
    addressing.wire.recipients.reserve(recipients.size());
    addressing.faults.reserve(recipients.size());
    for (const std::string_view recipient : recipients) {
        tl::expected<smtp::Path, std::string> to = read_address(recipient);
        if (to && recipient.empty()) to = tl::unexpected<std::string>("it is empty");
        if (to) addressing.wire.recipients.push_back(std::move(*to));
        addressing.faults.push_back(to ? std::nullopt : std::optional<std::string>(to.error()));
    }
    return addressing;
}

}  // namespace tern::delivery

// Equality and hash; see identity.hpp. Both take an Identity apart whole, so that a new field
// cannot be forgotten here.
#include "session/identity.hpp"

#include <string_view>
#include <tuple>

namespace tern::session {
namespace {

auto fields_of(const Identity& identity) {
    const auto& [endpoint, server_name, requirement, tls_settings, source, credentials,
                 hello_name] = identity;
    return std::tie(endpoint, server_name, requirement, tls_settings, source, credentials,
                    hello_name);
}

bool equal(const std::shared_ptr<const sasl::Credentials>& one,
           const std::shared_ptr<const sasl::Credentials>& other) {
    if (one == other) return true;
    return one != nullptr && other != nullptr && *one == *other;
}

/// A sum over fields of which each counts at its place.
class Sum {
public:
    Sum& add(std::size_t number) {
        // The golden ratio and two shifts spread the bits of neighbouring numbers.
        sum_ ^= number + 0x9e3779b97f4a7c15U + (sum_ << 6U) + (sum_ >> 2U);
        return *this;
    }
    Sum& add(std::string_view words) { return add(std::hash<std::string_view>()(words)); }
    Sum& add(const IpAddress& address) {
        const auto& bytes = address.bytes();
        add(static_cast<std::size_t>(address.family()));
        for (const std::uint8_t byte : bytes) add(std::size_t{byte});
        return *this;
    }
    Sum& add(const tls::Requirement& requirement) {
        return add(static_cast<std::size_t>(requirement.kind))
            .add(requirement.trust_file)
            .add(requirement.reference_name)
            .add(requirement.origin)
            .add(std::size_t{requirement.implicit});
    }
    Sum& add(const tls::ClientSettings& settings) {
        return add(settings.ciphers).add(settings.certificate_file).add(settings.key_file);
    }
    [[nodiscard]] std::size_t total() const { return sum_; }

private:
    std::size_t sum_ = 0;
};

}  // namespace

bool operator==(const Identity& one, const Identity& other) {
    const auto [endpoint, server_name, requirement, tls_settings, source, credentials,
                hello_name] = fields_of(other);
    return one.endpoint == endpoint && one.server_name == server_name &&
           one.requirement == requirement && one.tls_settings == tls_settings &&
           one.source == source && equal(one.credentials, credentials) &&
           one.hello_name == hello_name;
}

std::size_t hash_of(const Identity& identity) {
    const auto [endpoint, server_name, requirement, tls_settings, source, credentials,
                hello_name] = fields_of(identity);
    Sum sum;
    sum.add(endpoint.address).add(std::size_t{endpoint.port}).add(server_name);
    sum.add(requirement).add(tls_settings);
    sum.add(std::size_t{source.has_value()});
    if (source) sum.add(*source);
    sum.add(std::size_t{credentials != nullptr});
    if (credentials) sum.add(static_cast<std::size_t>(credentials->kind)).add(credentials->user);
    return sum.add(hello_name).total();
}

}  // namespace tern::session

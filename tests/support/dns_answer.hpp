// Composes DNS answers for tests, right ones and wrong ones. It must not lean on dns/message, which
// it tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/ip.hpp"

namespace tern::test {

inline std::string u16(unsigned value) {
    return {static_cast<char>(value >> 8 & 0xffU), static_cast<char>(value & 0xffU)};
}

/// "mx.example" as labels; "" is the root.
inline std::string wire_name(std::string_view name) {
    std::string wire;
    while (!name.empty()) {
        const std::string_view label = name.substr(0, name.find('.'));
        wire += static_cast<char>(label.size());
        wire += label;
        name.remove_prefix(label.size() < name.size() ? label.size() + 1 : name.size());
    }
    return wire + '\0';
}

constexpr std::size_t dns_header_size = 12;

/// The name a query asks for, as text, and its type.
struct Asked {
    std::string name;
    unsigned type = 0;
};

inline Asked asked_by(std::string_view query) {
    Asked asked;
    std::size_t at = dns_header_size;
    while (at < query.size() && query[at] != '\0') {
        const auto length = static_cast<unsigned char>(query[at]);
        if (!asked.name.empty()) asked.name += '.';
        asked.name += query.substr(at + 1, length);
        at += 1U + length;
    }
    if (at + 5 != query.size()) throw std::invalid_argument("not a query with one question");
    asked.type = static_cast<unsigned>(static_cast<unsigned char>(query[at + 1])) << 8 |
                 static_cast<unsigned char>(query[at + 2]);
    return asked;
}

/// An answer to a query, record by record.
class DnsAnswer {
public:
    explicit DnsAnswer(std::string_view query)
        : id_(query.substr(0, 2)), question_(query.substr(dns_header_size)) {}

    DnsAnswer& mx(std::string_view owner, unsigned preference, std::string_view exchanger) {
        return record(owner, 15, u16(preference) + wire_name(exchanger));
    }
    DnsAnswer& address(std::string_view owner, std::string_view text) {
        const IpAddress ip = IpAddress::parse(text).value();
        const bool ipv4 = ip.family() == Family::ipv4;
        return record(owner, ipv4 ? 1 : 28,
                      std::string(ip.bytes().begin(), ip.bytes().begin() + (ipv4 ? 4 : 16)));
    }
    DnsAnswer& cname(std::string_view owner, std::string_view target) {
        return record(owner, 5, wire_name(target));
    }
    DnsAnswer& record(std::string_view owner, unsigned type, std::string_view data,
                      unsigned record_class = 1) {
        return raw(wire_name(owner) + u16(type) + u16(record_class) + std::string(4, '\0') +
                   u16(static_cast<unsigned>(data.size())) + std::string(data));
    }
    /// The bytes of one record, whatever they are.
    DnsAnswer& raw(std::string_view bytes) {
        records_ += bytes;
        ++count_;
        return *this;
    }

    DnsAnswer& rcode(unsigned code) { return flags(flags_ | code); }
    DnsAnswer& authentic() { return flags(flags_ | 0x0020); }
    DnsAnswer& truncated() { return flags(flags_ | 0x0200); }
    DnsAnswer& flags(unsigned all) {
        flags_ = all;
        return *this;
    }
    DnsAnswer& id(std::string_view other) {
        id_ = other;
        return *this;
    }
    DnsAnswer& question(std::string_view other) {
        question_ = other;
        return *this;
    }
    DnsAnswer& count(unsigned claimed) {
        count_ = claimed;
        return *this;
    }

    [[nodiscard]] std::string bytes() const {
        return id_ + u16(flags_) + u16(1) + u16(count_) + u16(0) + u16(0) + question_ + records_;
    }

private:
    std::string id_;
    std::string question_;
    std::string records_;
    unsigned flags_ = 0x8180;  // a response; recursion desired and available
    unsigned count_ = 0;
};

}  // namespace tern::test

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

/// What a query asks for, and with what.
struct Asked {
    std::string name;
    unsigned type = 0;
    std::string question;       ///< as on the wire
    std::size_t edns_size = 0;  ///< of its OPT record (RFC 6891 6.1.2), 0 where there is none
};

inline unsigned u16_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(bytes.at(at))) << 8U |
           static_cast<unsigned char>(bytes.at(at + 1));
}

inline Asked asked_by(std::string_view query) {
    Asked asked;
    std::size_t at = dns_header_size;
    while (at < query.size() && query[at] != '\0') {
        const auto length = static_cast<unsigned char>(query[at]);
        if (!asked.name.empty()) asked.name += '.';
        asked.name += query.substr(at + 1, length);
        at += 1U + length;
    }
    asked.type = u16_at(query, at + 1);
    at += 5;
    asked.question = query.substr(dns_header_size, at - dns_header_size);
    const unsigned records = u16_at(query, 10);
    constexpr std::size_t opt_size = 11;
    if (records == 1 && at + opt_size + u16_at(query, at + 9) == query.size() &&
        query.substr(at, 3) == std::string_view("\0\0\x29", 3)) {
        asked.edns_size = u16_at(query, at + 3);
        at = query.size();
    }
    if (at != query.size()) throw std::invalid_argument("not a query with one question");
    return asked;
}

/// An answer to a query, record by record.
class DnsAnswer {
public:
    explicit DnsAnswer(std::string_view query)
        : id_(query.substr(0, 2)), question_(asked_by(query).question) {}

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
        return raw(wire_record(owner, type, data, record_class));
    }
    /// Records of the authority section.
    DnsAnswer& soa(std::string_view zone) {
        return authority(zone, 6, wire_name("ns." + std::string(zone)) + wire_name("root") +
                                      std::string(20, '\0'));
    }
    DnsAnswer& ns(std::string_view zone, std::string_view server) {
        return authority(zone, 2, wire_name(server));
    }
    DnsAnswer& authority(std::string_view owner, unsigned type, std::string_view data) {
        authority_ += wire_record(owner, type, data, 1);
        ++authority_count_;
        return *this;
    }
    /// An OPT record with the upper bits of a response code (RFC 6891 6.1.3).
    DnsAnswer& opt(unsigned high_rcode) {
        additional_ += std::string("\0\0\x29", 3) + u16(1232) + u16(high_rcode << 8U) + u16(0) +
                       u16(0);
        ++additional_count_;
        return *this;
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
    /// Of a server that is neither authoritative nor asks others: AA=0, RA=0.
    DnsAnswer& not_recursive() { return flags(flags_ & ~0x0480U); }
    DnsAnswer& authoritative() { return flags(flags_ | 0x0400); }
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
        return id_ + u16(flags_) + u16(1) + u16(count_) + u16(authority_count_) +
               u16(additional_count_) + question_ + records_ + authority_ + additional_;
    }

private:
    static std::string wire_record(std::string_view owner, unsigned type, std::string_view data,
                                   unsigned record_class) {
        return wire_name(owner) + u16(type) + u16(record_class) + std::string(4, '\0') +
               u16(static_cast<unsigned>(data.size())) + std::string(data);
    }

    std::string id_;
    std::string question_;
    std::string records_;
    std::string authority_;
    std::string additional_;
    unsigned authority_count_ = 0;
    unsigned additional_count_ = 0;
    unsigned flags_ = 0x8180;  // a response; recursion desired and available
    unsigned count_ = 0;
};

}  // namespace tern::test

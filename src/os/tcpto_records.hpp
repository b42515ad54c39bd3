// The tables of hosts that time out (queue/lock/tcpto, tcpto6): record format and timing, pure.
// Shared byte for byte with the programs of qmail; locking and files are in os/tcpto_file.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/ip.hpp"

namespace tern::os {

/// A table as bytes in memory. Functions take the table's bytes (any size; only whole records
/// count, at most 64), its layout and the time in seconds since 1970. An address of another family
/// than the layout's is never listed and changes nothing.
namespace backoff {

constexpr std::size_t most_records = 64;
/// No host is skipped for longer: (60 + 31) * 64 seconds. What is in tcpto6 counts as absent
/// from then on, because nothing clears that table when qmail starts.
constexpr std::chrono::seconds longest_silence{(60 + 31) * 64};

/// Where things stand in a record; count and time are at bytes 4 and 8 to 11 in both.
struct Layout {
    Family family;
    std::size_t record_size;
    std::size_t address_at;
    std::size_t address_size;
    /// Byte 0 of a record, which gives the family.
    std::optional<unsigned char> mark;

    [[nodiscard]] constexpr std::size_t largest_table() const {
        return most_records * record_size;
    }
};
/// queue/lock/tcpto: 16 bytes, IPv4 (contract.md#tcpto).
constexpr Layout tcpto{Family::ipv4, 16, 0, 4, std::nullopt};
/// queue/lock/tcpto6: the 32 bytes of s/qmail and indimail, byte 0 AF_INET6 of Linux.
constexpr Layout tcpto6{Family::ipv6, 32, 16, 16, static_cast<unsigned char>(10)};
constexpr const Layout& layout_of(Family family) {
    return family == Family::ipv4 ? tcpto : tcpto6;
}

/// What a look before the attempt found.
struct Finding {
    bool listed = false;  ///< a record of this address with a count above 0 exists
    bool skip = false;    ///< it is to be skipped now
};

/// qmail's rule: skipped while its count is 2 or more and fewer than (60 + jitter) * 64 seconds
/// have passed; jitter is a random number in 0..31.
[[nodiscard]] Finding look_up(std::span<const unsigned char> table, const IpAddress& address,
                              std::chrono::seconds now, std::uint32_t jitter,
                              const Layout& layout = tcpto);

/// Notes a connect time-out. Ignored when the record counted within the last 120 seconds, else its
/// count grows up to 10; a new host takes the first record with count 0, else the one with the
/// smallest time + 1024 x count. True when the table changed.
bool note_timeout(std::span<unsigned char> table, const IpAddress& address,
                  std::chrono::seconds now, const Layout& layout = tcpto);

/// Notes any other outcome: the count becomes 0. True when the table changed.
bool note_answer(std::span<unsigned char> table, const IpAddress& address,
                 const Layout& layout = tcpto);

/// One line of qmail-tcpto: `<ip> timed out <n> seconds ago; # recent timeouts: <count>`.
struct Entry {
    IpAddress address;
    unsigned count = 0;
    std::chrono::seconds when{};
};
/// The record at `index`, or nothing when its count is 0 or the table ends before it.
[[nodiscard]] std::optional<Entry> entry(std::span<const unsigned char> table, std::size_t index,
                                         const Layout& layout = tcpto);

}  // namespace backoff
}  // namespace tern::os

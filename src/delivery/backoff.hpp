// The table of hosts that time out (queue/lock/tcpto): record format and timing rule, pure.
// Shared byte for byte with the programs of qmail; locking and files are in os/tcpto_file.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/ip.hpp"

namespace tern::delivery {

/// The table as bytes in memory, IPv4 records of 16 bytes (contract, "The tcpto table").
/// Functions take the table's bytes (any size; only whole records count, at most 64) and the time
/// in seconds since 1970.
namespace backoff {

constexpr std::size_t record_size = 16;
constexpr std::size_t largest_table = 1024;

/// What a look before the attempt found.
struct Finding {
    bool listed = false;  ///< a record of this address with a count above 0 exists
    bool skip = false;    ///< it is to be skipped now
};

/// qmail's rule: skipped while its count is 2 or more and fewer than (60 + jitter) * 64 seconds
/// have passed; jitter is a random number in 0..31.
[[nodiscard]] Finding look_up(std::span<const unsigned char> table, const IpAddress& address,
                              std::chrono::seconds now, std::uint32_t jitter);

/// Notes a connect time-out. Ignored when the record counted within the last 120 seconds, else its
/// count grows up to 10; a new host takes the first record with count 0, else the one with the
/// smallest time + 1024 x count. True when the table changed.
bool note_timeout(std::span<unsigned char> table, const IpAddress& address,
                  std::chrono::seconds now);

/// Notes any other outcome: the count becomes 0. True when the table changed.
bool note_answer(std::span<unsigned char> table, const IpAddress& address);

/// One line of qmail-tcpto: `<ip> timed out <n> seconds ago; # recent timeouts: <count>`.
struct Entry {
    IpAddress address;
    unsigned count = 0;
    std::chrono::seconds when{};
};
/// The record at `index`, or nothing when its count is 0 or the table ends before it.
[[nodiscard]] std::optional<Entry> entry(std::span<const unsigned char> table, std::size_t index);

}  // namespace backoff
}  // namespace tern::delivery

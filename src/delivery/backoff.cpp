// The timing rule of queue/lock/tcpto; see backoff.hpp.
#include "delivery/backoff.hpp"

#include <algorithm>

namespace tern::delivery::backoff {
namespace {

using std::chrono::seconds;

// Where things stand in a record (contract, "The tcpto table"); the rest is 0.
constexpr std::size_t address_size = 4;
constexpr std::size_t count_at = 4;
constexpr std::size_t time_at = 8;

constexpr unsigned silent_count = 2;  // time-outs before a host is skipped
constexpr unsigned most_count = 10;
constexpr seconds same_trouble{120};  // further time-outs within this belong to the last one
constexpr seconds longest_skip{(60 + 31) * 64};

template <class Byte>  // unsigned char, const or not
std::span<Byte> record_at(std::span<Byte> table, std::size_t index) {
    return table.subspan(index * record_size, record_size);
}

std::size_t record_count(std::span<const unsigned char> table) {
    return std::min(table.size(), largest_table) / record_size;
}

seconds time_of(std::span<const unsigned char> record) {
    std::uint32_t time = 0;
    for (std::size_t i = 4; i-- > 0;) time = time << 8 | record[time_at + i];
    return seconds(time);
}

void set_time(std::span<unsigned char> record, seconds when) {
    const auto time = static_cast<std::uint32_t>(when.count());
    for (std::size_t i = 0; i < 4; ++i)
        record[time_at + i] = static_cast<unsigned char>(time >> (8 * i) & 0xff);
}

// qmail: the first record with the address is the host's, whatever its count.
std::optional<std::size_t> find(std::span<const unsigned char> table, const IpAddress& address) {
    if (address.family() != Family::ipv4) return std::nullopt;
    for (std::size_t i = 0; i < record_count(table); ++i)
        if (std::equal(address.bytes().begin(), address.bytes().begin() + address_size,
                       record_at(table, i).begin()))
            return i;
    return std::nullopt;
}

// The record that a new host takes; the table holds at least one.
std::size_t record_to_take(std::span<const unsigned char> table) {
    std::size_t best = 0;
    seconds least = seconds::max();
    for (std::size_t i = 0; i < record_count(table); ++i) {
        const auto record = record_at(table, i);
        if (record[count_at] == 0) return i;
        const seconds worth = time_of(record) + seconds(1024) * record[count_at];
        if (worth < least) {
            least = worth;
            best = i;
        }
    }
    return best;
}

// A clock that once ran far ahead must not silence a host for years: a time further in the future
// than any host is skipped counts as long ago.
bool fewer_passed(seconds when, seconds now, seconds limit) {
    return now - when < limit && when - now <= longest_skip;
}

}  // namespace

Finding look_up(std::span<const unsigned char> table, const IpAddress& address, seconds now,
                std::uint32_t jitter) {
    Finding finding;
    const auto found = find(table, address);
    if (!found) return finding;
    const auto record = record_at(table, *found);
    finding.listed = record[count_at] > 0;
    finding.skip = record[count_at] >= silent_count &&
                   fewer_passed(time_of(record), now, seconds((60 + jitter) * 64));
    return finding;
}

bool note_timeout(std::span<unsigned char> table, const IpAddress& address, seconds now) {
    if (address.family() != Family::ipv4 || record_count(table) == 0) return false;
    const auto found = find(table, address);
    const auto record = record_at(table, found ? *found : record_to_take(table));
    if (!found) {
        std::ranges::fill(record, static_cast<unsigned char>(0));
        std::copy_n(address.bytes().begin(), address_size, record.begin());
    }
    const unsigned count = record[count_at];
    if (count > 0 && fewer_passed(time_of(record), now, same_trouble)) return false;
    record[count_at] = static_cast<unsigned char>(std::min(count + 1, most_count));
    set_time(record, now);
    return true;
}

bool note_answer(std::span<unsigned char> table, const IpAddress& address) {
    const auto found = find(table, address);
    if (!found || record_at(table, *found)[count_at] == 0) return false;
    record_at(table, *found)[count_at] = 0;
    return true;
}

std::optional<Entry> entry(std::span<const unsigned char> table, std::size_t index) {
    if (index >= record_count(table)) return std::nullopt;
    const auto record = record_at(table, index);
    if (record[count_at] == 0) return std::nullopt;
    Entry entry;
    entry.address = IpAddress::ipv4({record[0], record[1], record[2], record[3]});
    entry.count = record[count_at];
    entry.when = time_of(record);
    return entry;
}

}  // namespace tern::delivery::backoff

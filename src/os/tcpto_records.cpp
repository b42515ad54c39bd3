// The timing rule of queue/lock/tcpto and tcpto6; see backoff.hpp.
#include "os/tcpto_records.hpp"

#include <algorithm>
#include <array>

namespace tern::os::backoff {
namespace {

using std::chrono::seconds;

constexpr std::size_t count_at = 4;
constexpr std::size_t time_at = 8;

constexpr unsigned silent_count = 2;  // time-outs before a host is skipped
constexpr unsigned most_count = 10;
constexpr seconds same_trouble{120};  // further time-outs within this belong to the last one
constexpr seconds longest_skip = longest_silence;

template <class Byte>  // unsigned char, const or not
std::span<Byte> record_at(std::span<Byte> table, std::size_t index, const Layout& layout) {
    return table.subspan(index * layout.record_size, layout.record_size);
}

std::size_t record_count(std::span<const unsigned char> table, const Layout& layout) {
    return std::min(table.size() / layout.record_size, most_records);
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

bool is_of(std::span<const unsigned char> record, const IpAddress& address, const Layout& layout) {
    const auto begin = record.begin() + static_cast<std::ptrdiff_t>(layout.address_at);
    return (!layout.mark || record[0] == *layout.mark) &&
           std::equal(begin, begin + static_cast<std::ptrdiff_t>(layout.address_size),
                      address.bytes().begin());
}

// qmail: the first record with the address is the host's, whatever its count.
std::optional<std::size_t> find(std::span<const unsigned char> table, const IpAddress& address,
                                const Layout& layout) {
    if (address.family() != layout.family) return std::nullopt;
    for (std::size_t i = 0; i < record_count(table, layout); ++i)
        if (is_of(record_at(table, i, layout), address, layout)) return i;
    return std::nullopt;
}

// A clock that once ran far ahead must not silence a host for years: a time further in the future
// than any host is skipped counts as long ago.
bool fewer_passed(seconds when, seconds now, seconds limit) {
    return now - when < limit && when - now <= longest_skip;
}

// qmail-rspawn clears tcpto when qmail starts, and nothing clears tcpto6: what is older than any
// host is skipped counts as absent there.
bool is_forgotten(std::span<const unsigned char> record, seconds now, const Layout& layout) {
    return layout.family == Family::ipv6 && !fewer_passed(time_of(record), now, longest_skip);
}

// The record that a new host takes; the table holds at least one.
std::size_t record_to_take(std::span<const unsigned char> table, seconds now,
                           const Layout& layout) {
    std::size_t best = 0;
    seconds least = seconds::max();
    for (std::size_t i = 0; i < record_count(table, layout); ++i) {
        const auto record = record_at(table, i, layout);
        if (record[count_at] == 0 || is_forgotten(record, now, layout)) return i;
        const seconds worth = time_of(record) + seconds(1024) * record[count_at];
        if (worth < least) {
            least = worth;
            best = i;
        }
    }
    return best;
}

}  // namespace

Finding look_up(std::span<const unsigned char> table, const IpAddress& address, seconds now,
                std::uint32_t jitter, const Layout& layout) {
    Finding finding;
    const auto found = find(table, address, layout);
    if (!found) return finding;
    const auto record = record_at(table, *found, layout);
    finding.listed = record[count_at] > 0 && !is_forgotten(record, now, layout);
    finding.skip = finding.listed && record[count_at] >= silent_count &&
                   fewer_passed(time_of(record), now, seconds((60 + jitter) * 64));
    return finding;
}

bool note_timeout(std::span<unsigned char> table, const IpAddress& address, seconds now,
                  const Layout& layout) {
    if (address.family() != layout.family || record_count(table, layout) == 0) return false;
    const auto found = find(table, address, layout);
    const auto record =
        record_at(table, found ? *found : record_to_take(table, now, layout), layout);
    if (!found) {
        std::ranges::fill(record, static_cast<unsigned char>(0));
        if (layout.mark) record[0] = *layout.mark;
        std::copy_n(address.bytes().begin(), layout.address_size,
                    record.begin() + static_cast<std::ptrdiff_t>(layout.address_at));
    }
    const unsigned count = is_forgotten(record, now, layout) ? 0 : record[count_at];
    if (count > 0 && fewer_passed(time_of(record), now, same_trouble)) return false;
    record[count_at] = static_cast<unsigned char>(std::min(count + 1, most_count));
    set_time(record, now);
    return true;
}

bool note_answer(std::span<unsigned char> table, const IpAddress& address, const Layout& layout) {
    const auto found = find(table, address, layout);
    if (!found || record_at(table, *found, layout)[count_at] == 0) return false;
    record_at(table, *found, layout)[count_at] = 0;
    return true;
}

std::optional<Entry> entry(std::span<const unsigned char> table, std::size_t index,
                           const Layout& layout) {
    if (index >= record_count(table, layout)) return std::nullopt;
    const auto record = record_at(table, index, layout);
    if (record[count_at] == 0 || (layout.mark && record[0] != *layout.mark)) return std::nullopt;
    Entry entry;
    const auto address = record.subspan(layout.address_at, layout.address_size);
    if (layout.family == Family::ipv4) {
        std::array<std::uint8_t, 4> bytes{};
        std::ranges::copy(address, bytes.begin());
        entry.address = IpAddress::ipv4(bytes);
    } else {
        std::array<std::uint8_t, 16> bytes{};
        std::ranges::copy(address, bytes.begin());
        entry.address = IpAddress::ipv6(bytes);
    }
    entry.count = record[count_at];
    entry.when = time_of(record);
    return entry;
}

}  // namespace tern::os::backoff

// Any bytes as the table of silent hosts, and any events on it: nothing is touched but one record
// at a time, and the rule holds.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "delivery/backoff.hpp"

namespace {

using namespace tern;
using Table = std::vector<unsigned char>;
namespace backoff = delivery::backoff;

void demand(bool claim) {
    if (!claim) std::abort();
}

/// The input's first bytes: what happens to which host, when.
struct Event {
    std::uint8_t kind;
    IpAddress host;
    std::chrono::seconds when;
};
constexpr std::size_t event_size = 9;
constexpr std::size_t most_events = 8;

Event event(const std::uint8_t* data) {
    const std::uint32_t time = static_cast<std::uint32_t>(data[5]) << 24 |
                               static_cast<std::uint32_t>(data[6]) << 16 |
                               static_cast<std::uint32_t>(data[7]) << 8 | data[8];
    return {data[0], IpAddress::ipv4({data[1], data[2], data[3], data[4]}),
            std::chrono::seconds(time)};
}

std::size_t records_changed(const Table& before, const Table& after) {
    demand(before.size() == after.size());
    std::size_t changed = 0;
    for (std::size_t at = 0; at < before.size(); at += backoff::record_size) {
        const auto size = static_cast<std::ptrdiff_t>(
            std::min(backoff::record_size, before.size() - at));
        const auto first = before.begin() + static_cast<std::ptrdiff_t>(at);
        if (!std::equal(first, first + size, after.begin() + static_cast<std::ptrdiff_t>(at)))
            ++changed;
    }
    return changed;
}

void happen(const Event& event, Table& table) {
    const Table before = table;
    const std::uint32_t jitter = event.kind >> 3 & 31;
    const backoff::Finding found = backoff::look_up(table, event.host, event.when, jitter);
    demand(found.listed || !found.skip);
    if ((event.kind & 1) == 0) {
        const bool changed = backoff::note_timeout(table, event.host, event.when);
        demand(records_changed(before, table) <= (changed ? 1U : 0U));
        const bool has_room = table.size() >= backoff::record_size;
        demand(backoff::look_up(table, event.host, event.when, jitter).listed == has_room);
        // The same moment counts once.
        demand(!backoff::note_timeout(table, event.host, event.when));
    } else {
        const bool changed = backoff::note_answer(table, event.host);
        demand(changed == found.listed);
        demand(records_changed(before, table) == (changed ? 1U : 0U));
        demand(!backoff::look_up(table, event.host, event.when, jitter).listed);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t events = std::min<std::size_t>(*data % (most_events + 1),
                                                     (size - 1) / event_size);
    const std::uint8_t* const first = data + 1;
    Table table(first + events * event_size, data + size);
    for (std::size_t i = 0; i < events; ++i) happen(event(first + i * event_size), table);
    for (std::size_t i = 0; i < 70; ++i) {
        const auto entry = backoff::entry(table, i);
        if (entry) demand(entry->count > 0 && i < 64);
    }
    return 0;
}

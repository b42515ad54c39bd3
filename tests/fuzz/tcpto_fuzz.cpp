// Any bytes as the table of silent hosts, and any events on it: nothing is touched but one record
// at a time, and the rule holds.
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "fuzz/tools.hpp"
#include "os/tcpto_records.hpp"

namespace {

using namespace tern;
using Table = std::vector<unsigned char>;
using tern::fuzz::expect;
namespace backoff = os::backoff;

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
    if ((data[0] & 2) == 0)
        return {data[0], IpAddress::ipv4({data[1], data[2], data[3], data[4]}),
                std::chrono::seconds(time)};
    std::array<std::uint8_t, 16> address{};
    for (std::size_t i = 0; i < address.size(); ++i) address[i] = data[1 + i % 4];
    return {data[0], IpAddress::ipv6(address), std::chrono::seconds(time)};
}

std::size_t records_changed(const Table& before, const Table& after,
                            const backoff::Layout& layout) {
    expect(before.size() == after.size());
    std::size_t changed = 0;
    for (std::size_t at = 0; at < before.size(); at += layout.record_size) {
        const auto size = static_cast<std::ptrdiff_t>(
            std::min(layout.record_size, before.size() - at));
        const auto first = before.begin() + static_cast<std::ptrdiff_t>(at);
        if (!std::equal(first, first + size, after.begin() + static_cast<std::ptrdiff_t>(at)))
            ++changed;
    }
    return changed;
}

void happen(const Event& event, Table& table) {
    const Table before = table;
    const backoff::Layout& layout = backoff::layout_of(event.host.family());
    const std::uint32_t jitter = event.kind >> 3 & 31;
    const backoff::Finding found = backoff::look_up(table, event.host, event.when, jitter, layout);
    expect(found.listed || !found.skip);
    if ((event.kind & 1) == 0) {
        const bool changed = backoff::note_timeout(table, event.host, event.when, layout);
        expect(records_changed(before, table, layout) <= (changed ? 1U : 0U));
        const bool has_room = table.size() >= layout.record_size;
        expect(backoff::look_up(table, event.host, event.when, jitter, layout).listed == has_room);
        // The same moment counts once.
        expect(!backoff::note_timeout(table, event.host, event.when, layout));
    } else {
        const bool changed = backoff::note_answer(table, event.host, layout);
        expect(changed || !found.listed);
        expect(records_changed(before, table, layout) == (changed ? 1U : 0U));
        expect(!backoff::look_up(table, event.host, event.when, jitter, layout).listed);
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
        for (const backoff::Layout& layout : {backoff::tcpto, backoff::tcpto6}) {
            const auto entry = backoff::entry(table, i, layout);
            if (entry) expect(entry->count > 0 && i < backoff::most_records);
        }
    }
    return 0;
}

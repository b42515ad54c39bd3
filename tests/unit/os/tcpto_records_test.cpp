// The rule of queue/lock/tcpto as a table of times and counts (contract.md#tcpto).
#include "os/tcpto_records.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tern::os::backoff {
namespace {

using std::chrono::seconds;
using testing::Each;
using testing::ElementsAre;

using Table = std::vector<unsigned char>;

constexpr std::size_t record_size = tcpto.record_size;
constexpr std::size_t largest_table = tcpto.largest_table();

constexpr seconds now{1'700'000'000};
const IpAddress host = *IpAddress::parse("192.0.2.7");

IpAddress host_number(std::size_t number) {
    return IpAddress::ipv4({10, 0, 0, static_cast<std::uint8_t>(number)});
}

/// A record as the old programs write it.
Table record(const IpAddress& address, unsigned count, seconds when) {
    Table bytes(record_size, 0);
    std::copy_n(address.bytes().begin(), 4, bytes.begin());
    bytes[4] = static_cast<unsigned char>(count);
    const auto time = static_cast<std::uint32_t>(when.count());
    bytes[8] = static_cast<unsigned char>(time & 0xff);
    bytes[9] = static_cast<unsigned char>(time >> 8 & 0xff);
    bytes[10] = static_cast<unsigned char>(time >> 16 & 0xff);
    bytes[11] = static_cast<unsigned char>(time >> 24);
    return bytes;
}

Table joined(const std::vector<Table>& records) {
    Table table;
    for (const Table& one : records) table.insert(table.end(), one.begin(), one.end());
    return table;
}

Table empty_table() { return Table(largest_table, 0); }

TEST(TimeoutTable, ReadsTheLayoutByteForByte) {
    Table table = empty_table();
    EXPECT_TRUE(note_timeout(table, host, seconds(0x12345678)));
    EXPECT_THAT(Table(table.begin(), table.begin() + 16),
                ElementsAre(192, 0, 2, 7, 1, 0, 0, 0, 0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0));
    EXPECT_THAT(Table(table.begin() + 16, table.end()), Each(0));
}

TEST(TimeoutTable, SkipsSilentHostsForAWhile) {
    struct Row {
        unsigned count;
        int age;
        std::uint32_t jitter;
        bool listed;
        bool skip;
    };
    const std::vector<Row> rows = {
        {0, 0, 0, false, false},    {1, 0, 0, true, false},      {1, 500, 31, true, false},
        {2, 0, 0, true, true},      {2, 3839, 0, true, true},    {2, 3840, 0, true, false},
        {2, 3840, 1, true, true},   {2, 3903, 1, true, true},    {2, 3904, 1, true, false},
        {2, 5823, 31, true, true},  {2, 5824, 31, true, false},  {10, 3839, 0, true, true},
        {10, 3840, 0, true, false}, {255, 0, 0, true, true},     {2, 1'700'000'000, 0, true, false},
        // A clock that was set back a little, and one that once ran far ahead.
        {2, -60, 0, true, true},    {2, -5824, 31, true, true},  {2, -5825, 31, true, false},
        {10, -90'000'000, 0, true, false},
    };
    for (const Row& row : rows) {
        const Table table = record(host, row.count, now - seconds(row.age));
        const Finding finding = look_up(table, host, now, row.jitter);
        EXPECT_EQ(finding.listed, row.listed) << row.count << " " << row.age << " " << row.jitter;
        EXPECT_EQ(finding.skip, row.skip) << row.count << " " << row.age << " " << row.jitter;
    }
}

TEST(TimeoutTable, FindsAHostWhereverItsRecordIs) {
    for (std::size_t place = 0; place < 64; ++place) {
        Table table = empty_table();
        std::ranges::copy(record(host, 2, now), table.begin() + static_cast<int>(16 * place));
        EXPECT_TRUE(look_up(table, host, now, 0).skip) << place;
        EXPECT_FALSE(look_up(table, host_number(1), now, 0).listed) << place;
    }
}

TEST(TimeoutTable, CountsTimeouts) {
    struct Row {
        unsigned count;
        int age;
        bool counted;
        unsigned then;
    };
    const std::vector<Row> rows = {
        {0, 0, true, 1},     {0, 5000, true, 1},   {1, 0, false, 1},      {1, 119, false, 1},
        {1, 120, true, 2},   {2, 119, false, 2},   {2, 5000, true, 3},    {9, 120, true, 10},
        {10, 120, true, 10}, {10, 119, false, 10}, {200, 120, true, 10},  {1, -5, false, 1},
        {1, -5825, true, 2},
    };
    for (const Row& row : rows) {
        const Table before = record(host, row.count, now - seconds(row.age));
        Table table = before;
        EXPECT_EQ(note_timeout(table, host, now), row.counted) << row.count << " " << row.age;
        if (row.counted) EXPECT_EQ(table, record(host, row.then, now));
        else EXPECT_EQ(table, before);
    }
}

TEST(TimeoutTable, ClearsOnAnyAnswer) {
    Table table = joined({record(host_number(1), 5, now), record(host, 7, now)});
    EXPECT_TRUE(note_answer(table, host));
    EXPECT_EQ(table, joined({record(host_number(1), 5, now), record(host, 0, now)}));
    EXPECT_FALSE(note_answer(table, host)) << "nothing left to clear";
    EXPECT_FALSE(note_answer(table, host_number(9))) << "a host that is not listed";
}

TEST(TimeoutTable, ANewHostTakesTheFirstFreeRecord) {
    Table table = joined({record(host_number(1), 1, now), record(host_number(2), 0, now),
                          record(host_number(3), 0, seconds(0))});
    EXPECT_TRUE(note_timeout(table, host, now + seconds(9)));
    EXPECT_EQ(table, joined({record(host_number(1), 1, now), record(host, 1, now + seconds(9)),
                             record(host_number(3), 0, seconds(0))}));
}

TEST(TimeoutTable, AKnownHostKeepsItsRecordThoughAnEarlierOneIsFree) {
    Table table = joined({record(host_number(1), 0, now), record(host, 0, now - seconds(500))});
    EXPECT_TRUE(note_timeout(table, host, now));
    EXPECT_EQ(table, joined({record(host_number(1), 0, now), record(host, 1, now)}));
}

TEST(TimeoutTable, InAFullTableTheLeastWorthGoes) {
    struct Row {
        std::vector<Table> records;
        std::size_t taken;
    };
    const std::vector<Row> rows = {
        // Smallest time + 1024 x count.
        {{record(host_number(1), 1, now), record(host_number(2), 1, now - seconds(1))}, 1},
        {{record(host_number(1), 2, now), record(host_number(2), 1, now)}, 1},
        {{record(host_number(1), 2, now - seconds(1025)), record(host_number(2), 1, now)}, 0},
        {{record(host_number(1), 2, now - seconds(1023)), record(host_number(2), 1, now)}, 1},
        {{record(host_number(1), 10, now - seconds(9217)), record(host_number(2), 1, now)}, 0},
        {{record(host_number(1), 1, now), record(host_number(2), 1, now)}, 0},
        {{record(host_number(1), 255, seconds(0xffffffff)), record(host_number(2), 1, now)}, 1},
    };
    for (const Row& row : rows) {
        Table table = joined(row.records);
        std::vector<Table> expected = row.records;
        expected[row.taken] = record(host, 1, now);
        EXPECT_TRUE(note_timeout(table, host, now));
        EXPECT_EQ(table, joined(expected)) << "row " << &row - rows.data();
    }
}

TEST(TimeoutTable, ATakenRecordKeepsNothingOfTheOldOne) {
    Table table(record_size, 0xff);
    EXPECT_TRUE(note_timeout(table, host, now));
    EXPECT_EQ(table, record(host, 1, now));
}

TEST(TimeoutTable, OnlyWholeRecordsWithin1024BytesCount) {
    Table none;
    EXPECT_FALSE(look_up(none, host, now, 0).listed);
    EXPECT_FALSE(note_timeout(none, host, now));
    EXPECT_FALSE(note_answer(none, host));
    EXPECT_FALSE(entry(none, 0));

    Table half(15, 0);
    EXPECT_FALSE(note_timeout(half, host, now));
    EXPECT_THAT(half, Each(0));

    Table short_table = joined({record(host_number(1), 1, now), Table(15, 0)});
    EXPECT_TRUE(note_timeout(short_table, host, now)) << "only one record: it is taken";
    EXPECT_EQ(short_table, joined({record(host, 1, now), Table(15, 0)}));
    EXPECT_FALSE(entry(short_table, 1));

    Table partial_match = joined({record(host_number(1), 1, now), record(host, 2, now)});
    partial_match.pop_back();
    EXPECT_FALSE(look_up(partial_match, host, now, 0).listed);

    Table too_long = joined({empty_table(), record(host, 2, now)});
    EXPECT_FALSE(look_up(too_long, host, now, 0).listed);
    EXPECT_FALSE(note_answer(too_long, host));
    EXPECT_FALSE(entry(too_long, 64));
}

TEST(TimeoutTable, HoldsNoIpv6) {
    const IpAddress ipv6 = *IpAddress::parse("c000:207::");  // begins with host's four bytes
    Table table = joined({record(host, 2, now), Table(record_size, 0)});
    const Table before = table;
    EXPECT_FALSE(look_up(table, ipv6, now, 0).listed);
    EXPECT_FALSE(note_timeout(table, ipv6, now));
    EXPECT_FALSE(note_answer(table, ipv6));
    EXPECT_EQ(table, before);
    EXPECT_TRUE(look_up(table, *IpAddress::parse("::ffff:192.0.2.7"), now, 0).skip)
        << "IPv4-mapped counts as IPv4";
}

TEST(TimeoutTable, TellsItsEntries) {
    const Table table = joined({record(host, 3, now), record(host_number(1), 0, now),
                                record(host_number(2), 255, seconds(0xffffffff))});
    const auto first = entry(table, 0);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->address, host);
    EXPECT_EQ(first->count, 3U);
    EXPECT_EQ(first->when, now);
    EXPECT_FALSE(entry(table, 1));
    ASSERT_TRUE(entry(table, 2));
    EXPECT_EQ(entry(table, 2)->when, seconds(0xffffffff));
    EXPECT_EQ(entry(table, 2)->count, 255U);
    EXPECT_FALSE(entry(table, 3));
    EXPECT_FALSE(entry(table, SIZE_MAX));
}

const IpAddress host6 = *IpAddress::parse("2001:db8::7");

IpAddress host6_number(std::uint8_t number) {
    return IpAddress::ipv6({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, number});
}

/// A record of tcpto6: family, count and time where s/qmail and indimail have them.
Table record6(const IpAddress& address, unsigned count, seconds when) {
    Table bytes = record(IpAddress(), count, when);
    bytes.resize(32, 0);
    bytes[0] = 10;
    std::ranges::copy(address.bytes(), bytes.begin() + 16);
    return bytes;
}

TEST(Backoff6, ReadsTheLayoutByteForByte) {
    Table table(tcpto6.largest_table(), 0);
    ASSERT_EQ(table.size(), 2048U);
    EXPECT_TRUE(note_timeout(table, host6, seconds(0x12345678), tcpto6));
    EXPECT_THAT(Table(table.begin(), table.begin() + 32),
                ElementsAre(10, 0, 0, 0, 1, 0, 0, 0, 0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0, 0x20, 1,
                            0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7));
    EXPECT_THAT(Table(table.begin() + 32, table.end()), Each(0));
}

TEST(Backoff6, HasTheRuleOfTcpto) {
    Table table = joined({record6(host6_number(1), 2, now), record6(host6, 2, now)});
    EXPECT_TRUE(look_up(table, host6, now + seconds(3839), 0, tcpto6).skip);
    EXPECT_FALSE(look_up(table, host6, now + seconds(3840), 0, tcpto6).skip);
    EXPECT_FALSE(note_timeout(table, host6, now + seconds(119), tcpto6));
    EXPECT_TRUE(note_timeout(table, host6, now + seconds(120), tcpto6));
    EXPECT_EQ(table, joined({record6(host6_number(1), 2, now),
                             record6(host6, 3, now + seconds(120))}));
    EXPECT_TRUE(note_answer(table, host6, tcpto6));
    EXPECT_FALSE(look_up(table, host6, now, 0, tcpto6).listed);
}

TEST(Backoff6, WhatIsOldIsAbsent) {
    const seconds late = now + longest_silence;
    Table table = joined({record6(host6_number(1), 9, late), record6(host6_number(2), 9, now),
                          record6(host6, 9, now)});
    EXPECT_TRUE(look_up(table, host6, late - seconds(1), 0, tcpto6).listed);
    EXPECT_FALSE(look_up(table, host6, late, 0, tcpto6).listed);
    EXPECT_TRUE(note_timeout(table, host6, late, tcpto6));
    EXPECT_EQ(table, joined({record6(host6_number(1), 9, late), record6(host6_number(2), 9, now),
                             record6(host6, 1, late)}));
    EXPECT_TRUE(note_timeout(table, host6_number(3), late, tcpto6));
    EXPECT_EQ(Table(table.begin() + 32, table.begin() + 64),
              record6(host6_number(3), 1, late));
}

TEST(Backoff6, HoldsNoOtherFamily) {
    Table table = record6(host6, 2, now);
    EXPECT_FALSE(look_up(table, host, now, 0, tcpto6).listed);
    EXPECT_FALSE(note_timeout(table, host, now, tcpto6));
    table[0] = 2;
    EXPECT_FALSE(look_up(table, host6, now, 0, tcpto6).listed) << "another family's record";
    EXPECT_FALSE(entry(table, 0, tcpto6));
    EXPECT_TRUE(note_timeout(table, host6, now, tcpto6)) << "which may be taken";
    ASSERT_TRUE(entry(table, 0, tcpto6));
    EXPECT_EQ(entry(table, 0, tcpto6)->address, host6);
}

// From the first time-out to the first answer, as a host goes down and comes back.
TEST(TimeoutTable, FollowsAHostThroughAnOutage) {
    Table table = empty_table();
    EXPECT_TRUE(note_timeout(table, host, now));
    EXPECT_FALSE(look_up(table, host, now, 0).skip) << "once may be a coincidence";
    EXPECT_FALSE(note_timeout(table, host, now + seconds(60))) << "the same outage";
    EXPECT_TRUE(note_timeout(table, host, now + seconds(200)));
    EXPECT_TRUE(look_up(table, host, now + seconds(201), 0).skip);
    EXPECT_FALSE(look_up(table, host, now + seconds(200 + 3840), 0).skip) << "another try is due";
    EXPECT_TRUE(note_timeout(table, host, now + seconds(200 + 3900)));
    EXPECT_TRUE(look_up(table, host, now + seconds(200 + 3900), 0).skip);
    EXPECT_TRUE(note_answer(table, host));
    EXPECT_FALSE(look_up(table, host, now + seconds(200 + 3901), 0).listed);
}

}  // namespace
}  // namespace tern::os::backoff

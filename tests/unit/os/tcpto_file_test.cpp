// The shared table on disk: never created or extended, locked, and no hindrance whatever is wrong.
#include "os/tcpto_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "os/poll_reactor.hpp"
#include "os/system_clock.hpp"
#include "os/tcpto_table.hpp"
#include "support/directory.hpp"
#include "support/simulated_reactor.hpp"
#include "support/sockets.hpp"

namespace tern::os {
namespace {

using namespace std::chrono_literals;

/// The time of the system, on one fixed day.
class FixedClock final : public Clock {
public:
    [[nodiscard]] Time now() const override { return SystemClock().now(); }
    [[nodiscard]] std::chrono::seconds since_epoch() const override { return epoch; }
    std::chrono::seconds epoch{1'700'000'000};
};

class FixedRandom final : public Random {
public:
    std::uint32_t below(std::uint32_t bound) override {
        bounds.push_back(bound);
        return bound - 1;
    }
    std::vector<std::uint32_t> bounds;
};

/// A TcptoFile on a host that never suspends.
class Memory {
public:
    Memory(const std::string& path, Random& random, const Clock& clock, Duration timeout)
        : file_(path, reactor_, clock, random, timeout) {}

    TimeoutTable::Finding look_up(const IpAddress& address) {
        return file_.look_up(address).run().value();
    }
    void note_timeout(const IpAddress& address) { file_.note_timeout(address).run().value(); }
    void note_answer(const IpAddress& address) { file_.note_answer(address).run().value(); }

private:
    SystemClock time_;
    PollReactor reactor_{time_};
    TcptoFile file_;
};

const IpAddress host = *IpAddress::parse("192.0.2.7");

class TcptoFileTest : public testing::Test {
protected:
    void put(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }
    [[nodiscard]] std::string content() const {
        std::ostringstream bytes;
        bytes << std::ifstream(path_, std::ios::binary).rdbuf();
        return bytes.str();
    }
    Memory table(Duration timeout = TcptoFile::lock_timeout) {
        return {path_, random_, clock_, timeout};
    }
    /// Nothing is known and nothing is changed.
    void expect_off() {
        Memory file = table();
        file.note_timeout(host);
        file.note_answer(host);
        EXPECT_FALSE(file.look_up(host).listed);
        EXPECT_FALSE(file.look_up(host).skip);
    }
    Descriptor locked_elsewhere() {
        Descriptor other(test::must(::open(path_.c_str(), O_WRONLY | O_CLOEXEC), "open"));
        test::must(::flock(other.get(), LOCK_EX), "flock");
        return other;
    }

    const test::Directory directory_;
    const std::string path_ = directory_.path("tcpto");
    FixedClock clock_;
    FixedRandom random_;
};

TEST_F(TcptoFileTest, IsNeverCreated) {
    expect_off();
    EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(TcptoFileTest, IsNeverExtended) {
    for (const std::size_t size : {0U, 1U, 15U}) {
        put(std::string(size, '\0'));
        expect_off();
        EXPECT_EQ(content(), std::string(size, '\0'));
    }
    put(std::string(40, '\0'));
    Memory file = table();
    for (std::uint8_t i = 1; i < 9; ++i) file.note_timeout(IpAddress::ipv4({10, 0, 0, i}));
    EXPECT_EQ(content().size(), 40U);
    EXPECT_EQ(content().substr(32), std::string(8, '\0')) << "no whole record";
}

TEST_F(TcptoFileTest, AnotherProgramsFormatIsLeftAlone) {
    std::string other(1025, '\0');
    other.replace(0, 16, std::string("\xc0\x00\x02\x07\x0a\0\0\0\xff\xff\xff\xff\0\0\0\0", 16));
    put(other);
    expect_off();
    EXPECT_EQ(content(), other);
}

TEST_F(TcptoFileTest, WritesWhatTheOldProgramsWrite) {
    put(std::string(1024, '\0'));
    Memory file = table();
    file.note_timeout(host);
    std::string expected(1024, '\0');
    expected.replace(0, 16, std::string("\xc0\x00\x02\x07\x01\0\0\0\x00\xf1\x53\x65\0\0\0\0", 16));
    EXPECT_EQ(content(), expected);
    EXPECT_TRUE(file.look_up(host).listed);
    EXPECT_FALSE(file.look_up(host).skip);
    file.note_answer(host);
    expected[4] = '\0';
    EXPECT_EQ(content(), expected);
    EXPECT_FALSE(file.look_up(host).listed);
}

TEST_F(TcptoFileTest, SkipsForTheTimeOfTheRule) {
    put(std::string(1024, '\0'));
    Memory file = table();
    file.note_timeout(host);
    clock_.epoch += 120s;
    file.note_timeout(host);
    clock_.epoch += 5823s;
    EXPECT_TRUE(file.look_up(host).skip);
    clock_.epoch += 1s;
    EXPECT_FALSE(file.look_up(host).skip);
    EXPECT_EQ(random_.bounds, (std::vector<std::uint32_t>{32, 32}));
}

TEST_F(TcptoFileTest, KeepsIpv6BesideIt) {
    const IpAddress host6 = *IpAddress::parse("2001:db8::1");
    put(std::string(1024, '\0'));
    table().note_timeout(host6);
    EXPECT_FALSE(std::filesystem::exists(path_ + "6")) << "never created";
    EXPECT_FALSE(table().look_up(host6).listed);

    std::ofstream(path_ + "6", std::ios::binary) << std::string(2048, '\0');
    table().note_timeout(host6);
    EXPECT_TRUE(table().look_up(host6).listed);
    EXPECT_FALSE(table().look_up(host).listed);
    EXPECT_EQ(std::filesystem::file_size(path_ + "6"), 2048U);
    table().note_answer(host6);
    EXPECT_FALSE(table().look_up(host6).listed);
    EXPECT_EQ(content(), std::string(1024, '\0'));

    std::ofstream(path_ + "6", std::ios::binary) << std::string(2049, '\0');
    table().note_timeout(host6);
    EXPECT_FALSE(table().look_up(host6).listed) << "another program's";
}

TEST_F(TcptoFileTest, WaitsForTheLock) {
    put(std::string(1024, '\0'));
    Descriptor other = locked_elsewhere();
    std::thread release([&] {
        std::this_thread::sleep_for(60ms);
        other.close();
    });
    Memory file = table();
    file.note_timeout(host);
    release.join();
    EXPECT_EQ(content().at(4), '\1');
}

TEST_F(TcptoFileTest, ALockHeldForEverHindersOnce) {
    put(std::string(1024, '\0'));
    const Descriptor other = locked_elsewhere();
    const SystemClock clock;
    const Time begin = clock.now();
    Memory file = table(80ms);
    for (int i = 0; i < 50; ++i) {
        file.note_timeout(host);
        EXPECT_FALSE(file.look_up(host).listed);
    }
    EXPECT_GE(clock.now() - begin, 80ms);
    EXPECT_LT(clock.now() - begin, 2s);
    EXPECT_EQ(content(), std::string(1024, '\0'));
}

TEST_F(TcptoFileTest, LetsGoOfTheLockAfterEachQuestion) {
    put(std::string(1024, '\0'));
    Memory file = table();
    const std::vector<std::function<void()>> questions = {
        [&] { file.note_timeout(host); }, [&] { file.look_up(host); },
        [&] { file.note_answer(host); }};
    for (const auto& question : questions) {
        question();
        const Descriptor other(test::must(::open(path_.c_str(), O_WRONLY | O_CLOEXEC), "open"));
        EXPECT_EQ(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
    }
}

TEST_F(TcptoFileTest, WhateverStandsInItsPlaceHindersNothing) {
    ASSERT_EQ(::mkdir(path_.c_str(), 0755), 0);
    expect_off();
    ASSERT_EQ(::rmdir(path_.c_str()), 0);
    ASSERT_EQ(::mkfifo(path_.c_str(), 0644), 0);
    expect_off();
    std::filesystem::remove(path_);
    std::filesystem::create_symlink("tcpto", path_);
    expect_off();
    std::filesystem::remove(path_);
    std::filesystem::create_symlink("/dev/zero", path_);
    expect_off();
}

// As many deliveries together do: no record is lost or written over.
TEST_F(TcptoFileTest, ManyAtOnceLoseNothing) {
    put(std::string(1024, '\0'));
    std::vector<std::thread> deliveries;
    for (std::uint8_t t = 0; t < 4; ++t)
        deliveries.emplace_back([this, t] {
            FixedRandom random;
            for (std::uint8_t i = 0; i < 16; ++i) {
                Memory file(path_, random, clock_, TcptoFile::lock_timeout);
                file.note_timeout(IpAddress::ipv4({10, 0, t, i}));
            }
        });
    for (std::thread& one : deliveries) one.join();
    Memory file = table();
    for (std::uint8_t t = 0; t < 4; ++t)
        for (std::uint8_t i = 0; i < 16; ++i)
            EXPECT_TRUE(file.look_up(IpAddress::ipv4({10, 0, t, i})).listed) << +t << " " << +i;
}

/// The table's lock, held by another program, in virtual time.
class TcptoLock : public TcptoFileTest {
protected:
    TcptoLock() { put(std::string(1024, '\0')); }

    test::Simulation time_{1};
    test::SimulatedReactor reactor_{time_};
    TcptoFile file_{path_, reactor_, time_, random_};
    Descriptor other_;
};

// contract.md#tcpto: nothing is written without the lock. Others go on while one waits for it.
TEST_F(TcptoLock, IsWaitedForWithoutHoldingUpOthers) {
    other_ = locked_elsewhere();
    const Time began = time_.now();
    Task<Done> noting = file_.note_timeout(host);
    time_.schedule(began + 1s, [this] {
        EXPECT_EQ(content(), std::string(1024, '\0'));
        other_.close();
    });
    ASSERT_TRUE(reactor_.run(noting));
    EXPECT_TRUE(noting.take().has_value());
    EXPECT_EQ(time_.now() - began, 1s);
    EXPECT_EQ(content().at(4), '\1');
}

TEST_F(TcptoLock, HeldForEverEndsTheWaitOnce) {
    other_ = locked_elsewhere();
    const Time began = time_.now();
    for (int i = 0; i < 3; ++i) {
        Task<TimeoutTable::Finding> asking = file_.look_up(host);
        ASSERT_TRUE(reactor_.run(asking));
        EXPECT_FALSE(asking.take()->skip);
        EXPECT_EQ(time_.now() - began, TcptoFile::lock_timeout);
    }
}

TEST_F(TcptoLock, CancelledAtEveryWaitItIsUsedAgain) {
    for (std::size_t i = 0; i < 20; ++i) {
        other_ = locked_elsewhere();
        reactor_.cancel_from(reactor_.begun() + i);
        Task<Done> noting = file_.note_timeout(host);
        ASSERT_TRUE(reactor_.run(noting));
        EXPECT_EQ(noting.take().error().cause, Cause::cancelled);
        EXPECT_EQ(content(), std::string(1024, '\0'));
        reactor_.cancel_none();
        other_.close();
    }
    Task<Done> noting = file_.note_timeout(host);
    ASSERT_TRUE(reactor_.run(noting));
    EXPECT_EQ(content().at(4), '\1') << "a wait that was cancelled is not a timeout";
}

TEST_F(TcptoFileTest, TableTellsItsTroubleInWords) {
    EXPECT_EQ(TcptoTable::open(path_).error().detail, "no such file or directory");
    ASSERT_EQ(::mkfifo(path_.c_str(), 0644), 0);
    EXPECT_EQ(TcptoTable::open(path_).error().detail, "it is not a regular file");
    std::filesystem::remove(path_);
    put(std::string(1025, '\0'));
    Result<TcptoTable> table = TcptoTable::open(path_);
    ASSERT_TRUE(table.has_value());
    EXPECT_EQ(table->read(os::backoff::tcpto).error().detail,
              "it holds more than 1024 bytes: the format of another program");
    const Descriptor other = locked_elsewhere();
    const SystemClock time;
    PollReactor reactor(time);
    const Result<Done> locked = table->lock(reactor, time, 0s).run();
    EXPECT_EQ(locked.error().detail, "another program holds the lock");
}

}  // namespace
}  // namespace tern::os

// The c-ares resolver on the wire: what it sends, whom it believes, when it goes on or gives up.
#include "os/cares_resolver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <set>

#include <ares.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/os/cares_asking.hpp"

namespace tern::os {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// c-ares 1.34 may add an option to the OPT record (RFC 7873); the rest is ours to the byte.
TEST(CaresResolver, SendsAQuestionWithEdnsThatWantsTheAuthenticBit) {
    test::NameServer server(says_mx);
    EXPECT_THAT(look_up_mx(asking({server.place()})).records,
                ElementsAre(dns::Mx{10, "mx.example.com"}));
    ASSERT_EQ(server.queries().size(), 1U);
    const std::string sent = server.queries()[0].bytes;
    const test::Asked asked = test::asked_by(sent);
    EXPECT_EQ(sent.substr(2, 10), test::u16(0x0120) + test::u16(1) + std::string(4, '\0') +
                                      test::u16(1));
    EXPECT_EQ(asked.question,
              test::wire_name("example.com") + test::u16(15) + test::u16(1));
    EXPECT_EQ(asked.edns_size, 1232U);
}

TEST(CaresResolver, HasBothFamiliesOnTheWireAtOnce) {
    // The first question is never answered: the second one did not wait for that.
    test::NameServer server([](const Query& query) -> Answers {
        if (test::asked_by(query.bytes).type == 1) return {};
        return {DnsAnswer(query.bytes).address("mx.example", "2001:db8::1").bytes()};
    });
    ResolvConf conf = asking({server.place()}, 1);
    conf.timeout = seconds(15);
    const dns::Addresses found = look_up_addresses(conf);
    EXPECT_EQ(found.ipv6.records.size(), 1U) << found.ipv6.detail;
    ASSERT_EQ(server.queries().size(), 2U);
    EXPECT_EQ(test::asked_by(server.queries()[0].bytes).type, 1U);
    EXPECT_EQ(test::asked_by(server.queries()[1].bytes).type, 28U);
}

TEST(CaresResolver, TakesTheNextServerAfterTroubleWithOne) {
    test::NameServer good(says_mx);
    for (const unsigned code : {2U, 4U, 5U}) {
        test::NameServer bad([code](const Query& query) -> Answers {
            return {DnsAnswer(query.bytes).rcode(code).bytes()};
        });
        EXPECT_EQ(look_up_mx(asking({bad.place(), good.place()})).outcome, Outcome::found) << code;
        // SERVFAIL and NOTIMP may be said of EDNS.
        EXPECT_EQ(bad.queries().size(), code == 5 ? 1U : 2U) << code;
    }
    test::NameServer mute(says_nothing);
    EXPECT_EQ(look_up_mx(asking({mute.place(), good.place()})).outcome, Outcome::found);
    EXPECT_EQ(look_up_mx(asking({no_server(), good.place()})).outcome, Outcome::found);
}

TEST(CaresResolver, WaitsForASilentServerOnlyOnce) {
    test::NameServer silent(says_nothing);
    test::NameServer lively(says_mx, test::NameServer::Tcp::served, "127.0.0.2");
    const SystemClock clock;
    PollReactor reactor(clock);
    SystemRandom random;
    CaresResolver resolver(reactor, clock, random, asking({silent.place(), lively.place()}));
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(resolver.mx(dns::Domain::parse("example.com").value(), clock.now() + seconds(20))
                      .run()
                      ->outcome,
                  Outcome::found);
    EXPECT_EQ(silent.queries().size(), 2U);  // with EDNS and without
    EXPECT_EQ(lively.queries().size(), 3U);
}

// The second question of a pair meets the ICMP error of the first one when it is sent.
TEST(CaresResolver, NeitherQuestionWaitsForAServerThatIsGone) {
    test::NameServer good([](const Query& query) -> Answers {
        const bool ipv4 = test::asked_by(query.bytes).type == 1;
        return {DnsAnswer(query.bytes)
                    .address("mx.example", ipv4 ? "192.0.2.1" : "2001:db8::1")
                    .bytes()};
    });
    ResolvConf conf = asking({no_server(), good.place()});
    conf.timeout = seconds(15);
    const SystemClock clock;
    const Time began = clock.now();
    const dns::Addresses found = look_up_addresses(conf);
    EXPECT_EQ(found.ipv4.outcome, Outcome::found);
    EXPECT_EQ(found.ipv6.outcome, Outcome::found);
    EXPECT_LT(clock.now() - began, seconds(10));
}

TEST(CaresResolver, ANoIsFinal) {
    test::NameServer first([](const Query& query) -> Answers {
        return {DnsAnswer(query.bytes).rcode(3).bytes()};
    });
    test::NameServer second(says_mx);
    EXPECT_EQ(look_up_mx(asking({first.place(), second.place()})).outcome, Outcome::no_such_name);
    EXPECT_TRUE(second.queries().empty());
}

TEST(CaresResolver, NamesTheServerAndItsResponseCode) {
    struct Row {
        unsigned code;
        std::string_view name;
    };
    for (const Row row : {Row{1, "FORMERR"}, Row{2, "SERVFAIL"}, Row{4, "NOTIMP"},
                          Row{5, "REFUSED"}, Row{11, "response code 11"}}) {
        test::NameServer server([row](const Query& query) -> Answers {
            return {DnsAnswer(query.bytes).rcode(row.code).bytes()};
        });
        const dns::Answer<dns::Mx> answer = look_up_mx(asking({server.place()}));
        EXPECT_EQ(answer.outcome, Outcome::failed);
        EXPECT_THAT(answer.detail, HasSubstr(row.name));
    }
    test::NameServer server(says_servfail);
    EXPECT_EQ(look_up_mx(asking({server.place()})).detail,
              "the name server 127.0.0.1 answered SERVFAIL");
}

TEST(CaresResolver, AsksAsOftenAsToldAndSaysWhoDidNotAnswer) {
    test::NameServer one(says_nothing);
    test::NameServer two(says_nothing, test::NameServer::Tcp::served, "127.0.0.2");
    const dns::Answer<dns::Mx> answer = look_up_mx(asking({one.place(), two.place()}, 2));
    EXPECT_EQ(answer.outcome, Outcome::failed);
    EXPECT_EQ(answer.detail,
              "the name servers 127.0.0.1, 127.0.0.2 did not answer within 1 second");
    // In the first round without EDNS as well.
    EXPECT_EQ(one.queries().size(), 3U);
    EXPECT_EQ(two.queries().size(), 3U);
}

TEST(CaresResolver, EndsAtItsDeadline) {
    test::NameServer mute(says_nothing);
    const SystemClock clock;
    const Time began = clock.now();
    ResolvConf conf = asking({mute.place()});
    conf.timeout = seconds(30);
    const dns::Answer<dns::Mx> answer = look_up_mx(conf, milliseconds(150));
    EXPECT_EQ(answer.detail, "the name server 127.0.0.1 did not answer within 1 second");
    EXPECT_GE(clock.now() - began, milliseconds(150));
    EXPECT_LT(clock.now() - began, seconds(10));
}

TEST(CaresResolver, SaysWhenNoServerIsThere) {
    const dns::Answer<dns::Mx> answer = look_up_mx(asking({no_server()}));
    EXPECT_EQ(answer.outcome, Outcome::failed);
    EXPECT_EQ(answer.detail, "the name server 127.0.0.1 cannot be reached: connection refused");
}

TEST(CaresResolver, AsksAgainOverTcpWhatWasTruncated) {
    test::NameServer server([](const Query& query) -> Answers {
        DnsAnswer answer(query.bytes);
        if (!query.over_tcp) return {answer.truncated().bytes()};
        for (unsigned i = 0; i < 3000; ++i) answer.mx("example.com", i, "mx.example.com");
        return {answer.bytes().substr(0, 0xffff)};
    });
    // 3000 records do not fit a message: what is cut off is trouble, and no half answer is taken.
    EXPECT_THAT(look_up_mx(asking({server.place()})).detail, HasSubstr("malformed"));
    test::NameServer whole([](const Query& query) -> Answers {
        DnsAnswer answer(query.bytes);
        if (!query.over_tcp) return {answer.truncated().bytes()};
        for (unsigned i = 0; i < 1000; ++i) answer.mx("example.com", i, "mx.example.com");
        return {answer.bytes()};
    });
    EXPECT_EQ(look_up_mx(asking({whole.place()})).records.size(), 1000U);
    EXPECT_TRUE(whole.queries().back().over_tcp);
}

TEST(CaresResolver, TruncatedWithoutTcpIsTrouble) {
    test::NameServer refuses(truncates_and_is_silent, test::NameServer::Tcp::refused);
    test::NameServer silent(truncates_and_is_silent);
    for (const NameServer& place : {refuses.place(), silent.place()}) {
        const dns::Answer<dns::Mx> answer = look_up_mx(asking({place}));
        EXPECT_EQ(answer.outcome, Outcome::failed);
        EXPECT_EQ(answer.detail,
                  "the name server 127.0.0.1 truncated its answer and gave none over TCP");
    }
}

TEST(CaresResolver, TruncatedOverTcpIsTrouble) {
    test::NameServer server([](const Query& query) -> Answers {
        return {DnsAnswer(query.bytes).mx("example.com", 1, "a").truncated().bytes()};
    });
    EXPECT_THAT(look_up_mx(asking({server.place()})).detail, HasSubstr("truncated"));
}

TEST(CaresResolver, BelievesOnlyAnswersToItsQuestion) {
    test::NameServer server([](const Query& query) -> Answers {
        const auto evil = [&query] { return DnsAnswer(query.bytes).mx("example.com", 0, "evil"); };
        const std::string other = test::wire_name("example.net") + test::u16(15) + test::u16(1);
        std::string other_id = query.bytes.substr(0, 2);
        other_id[0] = static_cast<char>(other_id[0] ^ 0x55);
        return {std::string(), "x", evil().id(other_id).bytes(), evil().question(other).bytes(),
                evil().count(0).bytes().substr(0, 13), says_mx(query).at(0)};
    });
    EXPECT_THAT(look_up_mx(asking({server.place()}, 1)).records,
                ElementsAre(dns::Mx{10, "mx.example.com"}));
    EXPECT_EQ(server.queries().size(), 1U);
}

TEST(CaresResolver, BelievesNoOtherServer) {
    const int stranger = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    test::NameServer server([stranger](const Query& query) -> Answers {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(query.from_port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const std::string evil = DnsAnswer(query.bytes).mx("example.com", 0, "evil").bytes();
        ::sendto(stranger, evil.data(), evil.size(), 0, reinterpret_cast<sockaddr*>(&to),
                 sizeof to);
        return says_mx(query);
    });
    EXPECT_THAT(look_up_mx(asking({server.place()})).records,
                ElementsAre(dns::Mx{10, "mx.example.com"}));
    ::close(stranger);
}

TEST(CaresResolver, AReflectedQuestionIsNoAnswer) {
    test::NameServer mirror([](const Query& query) -> Answers { return {query.bytes}; });
    EXPECT_EQ(look_up_mx(asking({mirror.place()})).outcome, Outcome::failed);
}

TEST(CaresResolver, AsksFromPortsAndWithNumbersThatCannotBeGuessed) {
    test::NameServer server(says_mx);
    for (int i = 0; i < 12; ++i) look_up_mx(asking({server.place()}));
    std::set<std::uint16_t> ports;
    std::set<std::string> ids;
    for (const Query& query : server.queries()) {
        ports.insert(query.from_port);
        ids.insert(query.bytes.substr(0, 2));
    }
    EXPECT_GT(ports.size(), 6U);
    EXPECT_GT(ids.size(), 6U);
}

// The flags of every socket of this process that has this port on its own side.
std::vector<int> flags_of_sockets_at(std::uint16_t port) {
    std::vector<int> flags;
    for (int fd = 0; fd < 256; ++fd) {
        sockaddr_in own{};
        socklen_t size = sizeof own;
        if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) != 0) continue;
        if (own.sin_family == AF_INET && ntohs(own.sin_port) == port)
            flags.push_back(::fcntl(fd, F_GETFD));
    }
    return flags;
}

TEST(CaresResolver, ItsSocketsAreClosedOnExec) {
    std::vector<int> flags;
    test::NameServer server([&flags](const Query& query) {
        flags = flags_of_sockets_at(query.from_port);
        return says_mx(query);
    });
    look_up_mx(asking({server.place()}));
    EXPECT_THAT(flags, ElementsAre(FD_CLOEXEC));
}

TEST(CaresResolver, LeavesNoDescriptorBehind) {
    const auto open_now = [] {
        std::ptrdiff_t count = 0;
        for ([[maybe_unused]] const auto& entry :
             std::filesystem::directory_iterator("/proc/self/fd"))
            ++count;
        return count;
    };
    const std::ptrdiff_t before = open_now();
    {
        test::NameServer server(truncates_and_is_silent);
        look_up_addresses(asking({server.place(), no_server()}));
        EXPECT_TRUE(server.queries().back().over_tcp);
    }
    EXPECT_EQ(open_now(), before);
}

// c-ares reads these by itself where no option says otherwise; libc's search list is not ours.
TEST(CaresResolver, TheEnvironmentChangesNothing) {
    ::setenv("RES_OPTIONS", "retry:9 retrans:1 rotate ndots:5", 1);
    ::setenv("LOCALDOMAIN", "search.example", 1);
    test::NameServer one([](const Query& query) -> Answers {
        return {DnsAnswer(query.bytes).rcode(3).bytes()};
    });
    test::NameServer two(says_nothing);
    look_up_addresses(asking({one.place(), two.place()}));
    look_up_mx(asking({two.place()}, 1));
    ::unsetenv("RES_OPTIONS");
    ::unsetenv("LOCALDOMAIN");
    ASSERT_EQ(one.queries().size(), 2U);
    EXPECT_EQ(test::asked_by(one.queries()[0].bytes).name, "mx.example");
    EXPECT_EQ(two.queries().size(), 2U);  // with EDNS and without
}

TEST(CaresResolver, RotationBeginsAnywhere) {
    test::NameServer one(says_mx);
    test::NameServer two(says_mx);
    ResolvConf conf = asking({one.place(), two.place()});
    for (int i = 0; i < 64; ++i) look_up_mx(conf);
    EXPECT_EQ(one.queries().size(), 64U);
    conf.rotate = true;
    for (int i = 0; i < 64; ++i) look_up_mx(conf);
    // All on one side: once in 2^63 runs.
    EXPECT_GT(one.queries().size(), 64U);
    EXPECT_GT(two.queries().size(), 0U);
}

// Leaves the process without a free descriptor for as long as it lives.
class NoDescriptors {
public:
    NoDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int next = ::dup(0);
        rlimit none = before_;
        none.rlim_cur = static_cast<rlim_t>(next);
        ::close(next);
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

TEST(CaresResolver, WithoutDescriptorsSaysSo) {
    test::NameServer server(says_mx);
    dns::Answer<dns::Mx> answer;
    {
        const NoDescriptors none;
        answer = look_up_mx(asking({server.place()}));
    }
    EXPECT_EQ(answer.outcome, Outcome::failed);
    EXPECT_EQ(answer.detail, "cannot open a socket to ask a name server: too many open files");
    EXPECT_EQ(look_up_mx(asking({server.place()})).outcome, Outcome::found);
}

// How many more allocations c-ares is granted.
int allocations_left = 0;

void* grudging_malloc(std::size_t size) {
    return allocations_left-- > 0 ? std::malloc(size) : nullptr;
}
void* grudging_realloc(void* block, std::size_t size) {
    return allocations_left-- > 0 ? std::realloc(block, size) : nullptr;
}

TEST(CaresResolver, WithoutMemoryThrows) {
    test::NameServer server(says_mx);
    ares_library_init_mem(ARES_LIB_INIT_ALL, grudging_malloc, std::free, grudging_realloc);
    dns::Answer<dns::Mx> answer;
    int granted = 0;
    for (; granted < 2000 && answer.outcome != Outcome::found; ++granted) {
        allocations_left = granted;
        try {
            answer = look_up_mx(asking({server.place()}));
            // Some of its shortages c-ares survives, or takes for a server's trouble.
            EXPECT_TRUE(answer.outcome == Outcome::found || !answer.detail.empty());
        } catch (const std::bad_alloc&) {
            EXPECT_LT(granted, 1000);
        }
    }
    ares_library_cleanup();
    EXPECT_GT(granted, 3);
    EXPECT_EQ(answer.outcome, Outcome::found);
}

TEST(CaresResolver, AnUnreadableFileIsTroubleOfTheLookUpOnly) {
    const SystemClock clock;
    PollReactor reactor(clock);
    SystemRandom random;
    CaresResolver resolver(reactor, clock, random, "/");
    const dns::Answer<dns::Mx> answer =
        resolver.mx(dns::Domain::parse("example.com").value(), clock.now() + seconds(1))
            .run()
            .value();
    EXPECT_EQ(answer.outcome, Outcome::failed);
    EXPECT_EQ(answer.detail, "cannot read /: is a directory");
}

TEST(CaresResolver, AsksALinkLocalServerThroughItsInterface) {
    // No server is at that address; only with its scope does the kernel take it at all.
    NameServer server{IpAddress::parse("fe80::1").value(), "lo"};
    EXPECT_THAT(look_up_mx(asking({server}, 1)).detail, testing::Not(HasSubstr("invalid")));
    server.zone.clear();
    EXPECT_THAT(look_up_mx(asking({server}, 1)).detail, HasSubstr("invalid argument"));
}

}  // namespace
}  // namespace tern::os

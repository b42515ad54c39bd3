// resolv.conf(5): servers and timeout, read as libc reads them.
#include "os/resolv_conf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace tern::os {
namespace {

using testing::HasSubstr;
using std::chrono::seconds;

NameServer server(std::string_view address, std::string zone = "") {
    return NameServer{IpAddress::parse(address).value(), std::move(zone)};
}

TEST(ResolvConf, ReadsServersInTheirOrder) {
    const ResolvConf conf = parse_resolv_conf(
        "# by hand\n; also a comment\nsearch example.com\n"
        "nameserver 192.0.2.1\nnameserver\t2001:db8::53 \nnameserver fe80::1%eth0\n");
    EXPECT_EQ(conf.servers, (std::vector{server("192.0.2.1"), server("2001:db8::53"),
                                         server("fe80::1", "eth0")}));
    EXPECT_EQ(conf.timeout, seconds(5));
    EXPECT_EQ(conf.attempts, 2);
    EXPECT_FALSE(conf.rotate);
}

TEST(ResolvConf, TakesThreeServersAtMost) {
    const ResolvConf conf = parse_resolv_conf(
        "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4");
    EXPECT_EQ(conf.servers,
              (std::vector{server("192.0.2.1"), server("192.0.2.2"), server("192.0.2.3")}));
}

TEST(ResolvConf, WithoutAServerAsksThisHost) {
    for (const std::string_view text :
         {"", "options rotate\n", "#nameserver 192.0.2.1\n", " nameserver 192.0.2.1\n",
          "nameserver\n", "nameserver ns.example.com\n", "nameservers 192.0.2.1\n"})
        EXPECT_EQ(parse_resolv_conf(text).servers, std::vector{server("127.0.0.1")}) << text;
}

TEST(ResolvConf, EndsAnAddressAtACommentOrCarriageReturn) {
    EXPECT_EQ(parse_resolv_conf("nameserver 192.0.2.1#ours\r\nnameserver 192.0.2.2\r\n").servers,
              (std::vector{server("192.0.2.1"), server("192.0.2.2")}));
}

TEST(ResolvConf, ReadsOptionsWithinLibcsLimits) {
    const ResolvConf conf =
        parse_resolv_conf("options ndots:3 timeout:2\toptions\noptions attempts:4 rotate edns0\n");
    EXPECT_EQ(conf.timeout, seconds(2));
    EXPECT_EQ(conf.attempts, 4);
    EXPECT_TRUE(conf.rotate);
    const ResolvConf high = parse_resolv_conf("options timeout:99999999999 attempts:1000\n");
    EXPECT_EQ(high.timeout, seconds(30));
    EXPECT_EQ(high.attempts, 5);
    const ResolvConf low = parse_resolv_conf("options timeout:0 attempts:0\n");
    EXPECT_EQ(low.timeout, seconds(1));
    EXPECT_EQ(low.attempts, 1);
    const ResolvConf odd = parse_resolv_conf("options timeout: attempts:x rotated timeout\n");
    EXPECT_EQ(odd, parse_resolv_conf(""));
    EXPECT_EQ(parse_resolv_conf("options timeout:9\noptions timeout:3\n").timeout, seconds(3));
}

TEST(ResolvConfFile, IsReadWhole) {
    const std::string path = testing::TempDir() + "tern_resolv_conf_test";
    std::ofstream(path) << std::string(5000, '#') << "\nnameserver 192.0.2.7";
    const Result<ResolvConf> conf = read_resolv_conf(path);
    std::remove(path.c_str());
    ASSERT_TRUE(conf);
    EXPECT_EQ(conf->servers, std::vector{server("192.0.2.7")});
}

TEST(ResolvConfFile, MissingIsEmpty) {
    for (const char* path : {"/nonexistent/resolv.conf", "/dev/null/resolv.conf", "/dev/null"}) {
        const Result<ResolvConf> conf = read_resolv_conf(path);
        ASSERT_TRUE(conf) << path;
        EXPECT_EQ(conf->servers, std::vector{server("127.0.0.1")}) << path;
    }
}

TEST(ResolvConfFile, UnreadableIsToldNotGuessed) {
    const Result<ResolvConf> conf = read_resolv_conf("/");
    ASSERT_FALSE(conf);
    EXPECT_EQ(conf.error().cause, Cause::name_service);
    EXPECT_THAT(conf.error().detail, HasSubstr("cannot read /: is a directory"));
}

}  // namespace
}  // namespace tern::os

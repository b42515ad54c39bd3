// IP addresses: which texts are taken, how they are written, what kind they are.
#include "base/ip.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tern {
namespace {

struct Form {
    std::string_view text;
    std::string_view written;
};

TEST(Ip, TakesAndWrites) {
    const std::vector<Form> forms = {
        {"192.0.2.1", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:db8::1", "2001:db8::1"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1:2:3::5:6:7:8", "1:2:3:0:5:6:7:8"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        // RFC 5952 4.2.2: one group of zeros is not shortened.
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        // RFC 5952 4.2.3: the longest run, the first of equal ones.
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"1:0:0:2:3:4:0:0", "1::2:3:4:0:0"},
        {"0:0:1:0:0:0:2:3", "0:0:1::2:3"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201"},
        {"::192.0.2.1", "::c000:201"},
        // IPv4-mapped is IPv4.
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"::FFFF:c000:0201", "192.0.2.1"},
        {"0:0:0:0:0:ffff:127.0.0.1", "127.0.0.1"},
        {"::fffe:192.0.2.1", "::fffe:c000:201"},
        {"::ffff:0:192.0.2.1", "::ffff:0:c000:201"},
    };
    for (const Form& form : forms) {
        const auto address = IpAddress::parse(form.text);
        ASSERT_TRUE(address) << form.text;
        EXPECT_EQ(address->to_string(), form.written) << form.text;
        EXPECT_EQ(IpAddress::parse(form.written), address) << form.text;
    }
}

TEST(Ip, RefusesAllElse) {
    const std::vector<std::string> texts = {
        "", " ", ".", ":", ":::", "::::", "localhost", "1", "1.2.3", "1.2.3.4.5", "1.2.3.4.",
        ".1.2.3.4", "1..2.3", "256.1.1.1", "1.2.3.1000", "01.2.3.4", "1.2.3.00", "0x1.2.3.4",
        "1.2.3.4 ", " 1.2.3.4", "+1.2.3.4", "-1.2.3.4", "1.2.3.4\n", "1.2.3.-4", "1,2,3,4",
        "[192.0.2.1]", "192.0.2.1:25", "192.0.2.1/24", std::string("1.2.3.4\0", 8),
        "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4::5:6:7:8", "::1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8::", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:", "1:2:3:4:5:6:7:", "12345::",
        "g::", "::-1", "::+1", "::0x1", ":: 1", "::1%eth0", "fe80::1%1", "::1/128", "[::1]",
        "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "::1.2.3.4.5", "::1.2.3.4:5", "1.2.3.4::",
        "::1.2.3.256", "::01.2.3.4", "::ffff:192.0.2.1 ", "1.2.3.4:1:2:3:4:5:6",
        std::string("::1\0", 4), std::string(4096, ':'), std::string(4096, '1'),
    };
    for (const std::string& text : texts) EXPECT_FALSE(IpAddress::parse(text)) << text;
}

TEST(Ip, TakesAddressLiterals) {
    EXPECT_EQ(IpAddress::parse_literal("192.0.2.1"), IpAddress::parse("192.0.2.1"));
    EXPECT_EQ(IpAddress::parse_literal("2001:db8::1"), IpAddress::parse("2001:db8::1"));
    EXPECT_EQ(IpAddress::parse_literal("IPv6:2001:db8::1"), IpAddress::parse("2001:db8::1"));
    EXPECT_EQ(IpAddress::parse_literal("ipv6:::1"), IpAddress::parse("::1"));
    EXPECT_EQ(IpAddress::parse_literal("IPv6:::ffff:192.0.2.1"), IpAddress::parse("192.0.2.1"));
    for (const std::string_view text :
         {"", "IPv6:", "IPv6:192.0.2.1", "IPv4:192.0.2.1", "IPv6: ::1", "IPv6", "IPv6::",
          "IPv6:IPv6:::1", "X400:c=de", "[192.0.2.1]", "mx.example"})
        EXPECT_FALSE(IpAddress::parse_literal(text)) << text;
}

TEST(Ip, KnowsItsFamilyAndBytes) {
    const IpAddress ipv4 = *IpAddress::parse("192.0.2.1");
    EXPECT_EQ(ipv4.family(), Family::ipv4);
    EXPECT_EQ(ipv4, IpAddress::ipv4({192, 0, 2, 1}));
    EXPECT_EQ(ipv4.bytes()[0], 192);
    EXPECT_EQ(ipv4.bytes()[3], 1);
    const IpAddress ipv6 = *IpAddress::parse("2001:db8::ff");
    EXPECT_EQ(ipv6.family(), Family::ipv6);
    EXPECT_EQ(ipv6.bytes()[1], 0x01);
    EXPECT_EQ(ipv6.bytes()[2], 0x0d);
    EXPECT_EQ(ipv6.bytes()[15], 0xff);
    EXPECT_NE(*IpAddress::parse("0.0.0.0"), *IpAddress::parse("::"));
}

TEST(Ip, KnowsLoopbackAndUnspecified) {
    for (const std::string_view text : {"127.0.0.1", "127.255.255.255", "127.0.0.0", "0.0.0.0",
                                        "::", "::1", "::ffff:127.1.2.3", "::ffff:0.0.0.0"})
        EXPECT_TRUE(IpAddress::parse(text)->is_loopback_or_unspecified()) << text;
    for (const std::string_view text :
         {"128.0.0.1", "126.255.255.255", "0.0.0.1", "10.0.0.1", "::2", "::1:1", "1::1", "1::"})
        EXPECT_FALSE(IpAddress::parse(text)->is_loopback_or_unspecified()) << text;
}

TEST(Ip, KnowsWhatIsNeverDialled) {
    for (const std::string_view text :
         {"224.0.0.1", "239.255.255.255", "255.255.255.255", "0.0.0.0", "169.254.0.1",
          "169.254.255.255", "::", "ff02::1", "ff00::", "fe80::1", "febf:ffff::1",
          "::ffff:224.0.0.1", "::ffff:169.254.1.1"})
        EXPECT_TRUE(IpAddress::parse(text)->is_never_dialled()) << text;
    for (const std::string_view text :
         {"223.255.255.255", "240.0.0.1", "255.255.255.254", "169.253.255.255", "169.255.0.0",
          "127.0.0.1", "10.1.2.3", "::1", "2001:db8::1", "fec0::1", "fe7f::1", "fd00::1",
          "feff::1"})
        EXPECT_FALSE(IpAddress::parse(text)->is_never_dialled()) << text;
}

TEST(Ip, EndpointsCompareByAddressAndPort) {
    const Endpoint endpoint{*IpAddress::parse("192.0.2.1"), 25};
    EXPECT_EQ(endpoint, (Endpoint{*IpAddress::parse("192.0.2.1")}));
    EXPECT_NE(endpoint, (Endpoint{*IpAddress::parse("192.0.2.1"), 465}));
    EXPECT_LT(endpoint, (Endpoint{*IpAddress::parse("192.0.2.2"), 25}));
}

}  // namespace
}  // namespace tern

// Domain names: what is taken, and in which form it is kept.
#include "dns/domain.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tern::dns {
namespace {

struct Row {
    std::string_view text;
    std::string_view ascii;  ///< empty: refused
};

class DomainTable : public testing::TestWithParam<Row> {};

TEST_P(DomainTable, IsTakenOrRefused) {
    const std::optional<Domain> domain = Domain::parse(GetParam().text);
    EXPECT_EQ(domain ? domain->ascii() : "", GetParam().ascii);
}

INSTANTIATE_TEST_SUITE_P(Ascii, DomainTable,
                         testing::Values(Row{"example.com", "example.com"},
                                         Row{"EXAMPLE.Com.", "example.com"}, Row{"a", "a"},
                                         Row{"_dmarc.example.com", "_dmarc.example.com"},
                                         Row{"-a-.example", "-a-.example"},
                                         Row{"r3---sn.example", "r3---sn.example"},
                                         Row{"xn--fa-hia.de", "xn--fa-hia.de"}));

INSTANTIATE_TEST_SUITE_P(Refused, DomainTable,
                         testing::Values(Row{"", ""}, Row{".", ""}, Row{"..", ""}, Row{".a", ""},
                                         Row{"a..b", ""}, Row{"a..", ""}, Row{"a b", ""},
                                         Row{"a/b", ""}, Row{"../etc/passwd", ""}, Row{"a\\b", ""},
                                         Row{"a\nb", ""}, Row{"a:25", ""}, Row{"[192.0.2.1]", ""},
                                         Row{std::string_view("a\0b", 3), ""}, Row{"a*", ""}));

// RFC 5891 through libidn2: mapped, normalised, non-transitional.
INSTANTIATE_TEST_SUITE_P(
    Utf8, DomainTable,
    testing::Values(Row{"ex\u00e4mple.de", "xn--exmple-cua.de"},
                    Row{"EX\u00c4MPLE.DE.", "xn--exmple-cua.de"},
                    Row{"fa\u00df.de", "xn--fa-hia.de"},
                    Row{"a\u0308.de", "xn--4ca.de"},  // decomposed, normalised to one letter
                    Row{"_dmarc.\u00e4.de", "_dmarc.xn--4ca.de"},
                    Row{"\u65e5\u672c\u8a9e\u3002jp", "xn--wgv71a119e.jp"},  // ideographic stop
                    Row{"\u00e4.", "xn--4ca"}, Row{"\u00e4..", ""}, Row{"\u00e4..de", ""},
                    Row{"\u00e4\uff0fb.de", ""},  // a full-width solidus maps to '/'
                    Row{"\xff.de", ""}, Row{"\xc3.de", ""},
                    Row{std::string_view("\xc3\xa4\0b", 4), ""}, Row{"\u00e4 b.de", ""}));

TEST(Domain, LabelsAndNamesAreBounded) {
    const std::string label(63, 'a');
    EXPECT_TRUE(Domain::parse(label));
    EXPECT_FALSE(Domain::parse(label + 'a'));
    const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'a');
    ASSERT_EQ(longest.size(), 253U);
    EXPECT_TRUE(Domain::parse(longest));
    EXPECT_TRUE(Domain::parse(longest + '.'));
    EXPECT_FALSE(Domain::parse(longest + 'a'));
    EXPECT_FALSE(Domain::parse(std::string(1 << 20, '\xc3')));
}

TEST(Domain, ComparesByItsAsciiForm) {
    EXPECT_EQ(Domain::parse("EX\u00c4MPLE.de."), Domain::parse("xn--exmple-cua.DE"));
    EXPECT_NE(Domain::parse("a.de"), Domain::parse("b.de"));
}

}  // namespace
}  // namespace tern::dns

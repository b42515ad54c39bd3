// Arguments turned into what goes on the wire.
#include "delivery/envelope.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace tern::delivery {
namespace {

Result<Addressing> read(std::string_view sender, std::vector<std::string_view> recipients) {
    return read_envelope(sender, recipients);
}

TEST(Envelope, KeepsThePlacesOfBadRecipients) {
    const Result<Addressing> addressing =
        read("", {"a@example.net", "b@exa mple", "c@example.net", "", "d@example.net\n"});
    ASSERT_TRUE(addressing);
    ASSERT_EQ(addressing->wire.recipients.size(), 2U);
    EXPECT_EQ(addressing->wire.recipients[0].wire(), "a@example.net");
    EXPECT_EQ(addressing->wire.recipients[1].wire(), "c@example.net");
    ASSERT_EQ(addressing->faults.size(), 5U);
    for (std::size_t i = 0; i < 5; ++i)
        EXPECT_EQ(addressing->faults[i].has_value(), i == 1 || i >= 3) << i;
}

TEST(Envelope, SpecialSendersStayAsTheyAre) {
    EXPECT_EQ(read("", {"a@b"})->wire.sender.wire(), "");
    EXPECT_EQ(read("#@[]", {"a@b"})->wire.sender.wire(), "#@[]");
    EXPECT_EQ(read("root", {"a@b"})->wire.sender.wire(), "root");
}

TEST(Envelope, ABadSenderFails) {
    for (const char* sender : {"a@b\r\n", "a@", "a b", "a@b c", "\xff@b"}) {
        const Result<Addressing> addressing = read(sender, {"a@b"});
        ASSERT_FALSE(addressing) << sender;
        EXPECT_EQ(addressing.error().cause, Cause::bad_sender);
    }
}

TEST(Envelope, DomainsBeyondAsciiBecomeALabels) {
    const Result<Addressing> addressing = read(
        "a@b\xc3\xbc"
        "cher.example",
        {"\xc3\xb6@b\xc3\xbc"
         "cher.example",
         "x@a\xcc\x88\xe2\x80\x8d.example"});
    ASSERT_TRUE(addressing);
    EXPECT_EQ(addressing->wire.sender.wire(), "a@xn--bcher-kva.example");
    EXPECT_EQ(addressing->wire.recipients[0].wire(), "\xc3\xb6@xn--bcher-kva.example");
    for (const smtp::Path& path : addressing->wire.recipients)
        for (const char c : path.domain) EXPECT_GE(c, 0);
}

}  // namespace
}  // namespace tern::delivery

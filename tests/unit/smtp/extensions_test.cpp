// What replies to EHLO offer.
#include "smtp/extensions.hpp"

#include <gmock/gmock.h>

namespace tern::smtp {
namespace {

TEST(Extensions, AreReadFromTheLinesBehindTheGreeting) {
    const Extensions offered = parse_extensions(
        "250-mx.example greets you\n250-PIPELINING\n250-SIZE 52428800\n250-STARTTLS\n"
        "250-AUTH PLAIN LOGIN\n250-ENHANCEDSTATUSCODES\n250-8BITMIME\n250-SMTPUTF8\n250 "
        "CHUNKING\n");
    Extensions all;
    all.start_tls = all.pipelining = all.chunking = all.eight_bit_mime = true;
    all.smtputf8 = all.enhanced_status_codes = all.size = true;
    all.size_limit = 52428800;
    all.auth_mechanisms = "PLAIN LOGIN";
    EXPECT_EQ(offered, all);
}

TEST(Extensions, TheFirstLineOffersNothing) {
    EXPECT_EQ(parse_extensions("250 STARTTLS\n"), Extensions());
    EXPECT_EQ(parse_extensions("250-STARTTLS\n250 HELP\n"), Extensions());
    EXPECT_EQ(parse_extensions(""), Extensions());
}

TEST(Extensions, AreComparedWithoutCase) {
    EXPECT_TRUE(parse_extensions("250-x\n250 starttls\n").start_tls);
    EXPECT_TRUE(parse_extensions("250-x\n250 StartTls\n").start_tls);
}

TEST(Extensions, AreWholeWords) {
    for (const char* line : {"XSTARTTLS", "STARTTLSX", "START TLS", "", " STARTTLS", "STARTTL"})
        EXPECT_FALSE(parse_extensions(std::string("250-x\n250 ") + line + "\n").start_tls) << line;
    EXPECT_TRUE(parse_extensions("250-x\n250 STARTTLS now\n").start_tls);
}

TEST(Extensions, MalformedLinesArePassedOver) {
    const Extensions offered = parse_extensions("250-x\n250\n250-\n25\n\n250 STARTTLS");
    EXPECT_TRUE(offered.start_tls);
}

TEST(Extensions, WhatIsIgnoredCountsAsNotOffered) {
    const Extensions offered = parse_extensions(
        "250-x\n250-PIPELINING\n250-SIZE 5\n250-STARTTLS\n250-AUTH PLAIN\n250-8BITMIME\n"
        "250-ENHANCEDSTATUSCODES\n250-SMTPUTF8\n250-LIMITS RCPTMAX=2\n250 CHUNKING\n");
    EXPECT_EQ(without(offered, ExtensionSet()), offered);
    for (const char* keyword : {"pipelining", "SIZE", "AUTH", "8BITMIME", "ENHANCEDSTATUSCODES",
                                "SMTPUTF8", "LIMITS", "CHUNKING"}) {
        ExtensionSet one;
        one.add(*extension_of(keyword));
        const Extensions left = without(offered, one);
        EXPECT_NE(left, offered) << keyword;
        ExtensionSet all;
        for (const char* each : {"PIPELINING", "SIZE", "AUTH", "8BITMIME", "ENHANCEDSTATUSCODES",
                                 "SMTPUTF8", "LIMITS", "CHUNKING", "STARTTLS"})
            all.add(*extension_of(each));
        Extensions only_tls;
        only_tls.start_tls = true;
        EXPECT_EQ(without(left, all), only_tls);
    }
    EXPECT_EQ(extension_of("DSN"), std::nullopt);
    EXPECT_EQ(extension_of(""), std::nullopt);
    EXPECT_EQ(keyword_of(Extension::limits), "LIMITS");
}

TEST(Extensions, SizesAreNumbersOrNone) {
    const auto limit = [](const char* line) {
        const Extensions offered = parse_extensions(std::string("250-x\n250 ") + line + "\n");
        EXPECT_TRUE(offered.size);
        return offered.size_limit;
    };
    EXPECT_EQ(limit("SIZE"), 0U);
    EXPECT_EQ(limit("SIZE 0"), 0U);
    EXPECT_EQ(limit("SIZE=100"), 100U);
    EXPECT_EQ(limit("SIZE many"), 0U);
    EXPECT_EQ(limit("SIZE 12x"), 12U);
    EXPECT_EQ(limit("SIZE 99999999999999999999999"), UINT64_MAX);
}

TEST(Extensions, MechanismsAreBounded) {
    const std::string many(600, 'X');
    EXPECT_EQ(parse_extensions("250-x\n250 AUTH " + many + "\n").auth_mechanisms, "");
    EXPECT_EQ(parse_extensions("250-x\n250 AUTH=LOGIN\n").auth_mechanisms, "LOGIN");
    EXPECT_EQ(parse_extensions("250-x\n250-AUTH PLAIN\n250 AUTH=LOGIN\n").auth_mechanisms,
              "PLAIN LOGIN");
    EXPECT_EQ(parse_extensions("250-x\n250-AUTH PLAIN\n250 AUTH " + many + "\n").auth_mechanisms,
              "PLAIN");
}

TEST(Extensions, LimitsAreNumbersOfUpToSixDigits) {
    const auto limits = [](std::string_view line) {
        return parse_extensions("250-x\n250 LIMITS" + std::string(line) + "\n").limits;
    };
    EXPECT_EQ(limits(" RCPTMAX=20 MAILMAX=5 RCPTDOMAINMAX=1"), (Limits{5, 20, 1}));
    EXPECT_EQ(limits(" mailmax=999999  OTHER=7 RcptMax=1"), (Limits{999999, 1, 0}));
    for (const char* useless : {"", " ", " RCPTMAX", " RCPTMAX=", " RCPTMAX=0", " RCPTMAX=012",
                                " RCPTMAX=1234567", " RCPTMAX=-1", " RCPTMAX=1x", " =5"})
        EXPECT_EQ(limits(useless), Limits()) << useless;
}

}  // namespace
}  // namespace tern::smtp

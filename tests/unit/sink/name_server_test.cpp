// DNS queries as bytes, and the answers to them.
#include "sink/name_server.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace tern::sink {
namespace {

using std::string_literals::operator""s;

constexpr char type_a = 1;
constexpr char type_mx = 15;
constexpr char type_txt = 16;
constexpr char type_aaaa = 28;

// The header's answer count, code and flags.
unsigned count_of(std::string_view answer) {
    return static_cast<unsigned char>(answer[7]);
}
unsigned code_of(std::string_view answer) {
    return static_cast<unsigned char>(answer[3]) & 15U;
}
bool is_truncated(std::string_view answer) {
    return (answer[2] & 2) != 0;
}

const std::string mx_name = "\2mx\7example\0"s;
const std::string domain_name = "\7example\0"s;

std::string query(const std::string& name, char type) {
    return "\x12\x34\1\0\0\1\0\0\0\0\0\0"s + name + "\0"s + type + "\0\1"s;
}

NameServer server() {
    NameServer made;
    EXPECT_TRUE(made.add("MX.example.=192.0.2.1"));
    EXPECT_TRUE(made.add("mx.example=2001:db8::1"));
    EXPECT_TRUE(made.add("example=MX 10 mx.example"));
    return made;
}

TEST(NameServer, GivesAddresses) {
    const std::string answer = server().answer(query(mx_name, type_a));
    EXPECT_EQ(answer, "\x12\x34\x85\x80\0\1\0\1\0\0\0\0"s + mx_name + "\0\1\0\1"s +
                          "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"s);
    const std::string six = server().answer(query(mx_name, type_aaaa));
    EXPECT_EQ(count_of(six), 1U);
    EXPECT_EQ(six.substr(six.size() - 16), "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"s);
}

TEST(NameServer, GivesExchangers) {
    const std::string answer = server().answer(query("\7EXAMPLE\0"s, type_mx));
    EXPECT_EQ(count_of(answer), 1U);
    EXPECT_EQ(answer.substr(answer.size() - 14), "\0\x0a"s + mx_name);
}

TEST(NameServer, TellsNothingOfThisTypeFromNoSuchName) {
    const std::string empty = server().answer(query(domain_name, type_txt));
    EXPECT_EQ(code_of(empty), 0U);
    EXPECT_EQ(count_of(empty), 0U);
    const std::string none = server().answer(query("\5other\0"s, type_a));
    EXPECT_EQ(code_of(none), 3U);
}

TEST(NameServer, GivesANullMx) {
    NameServer names;
    EXPECT_TRUE(names.add("example=MX 0 ."));
    const std::string answer = names.answer(query(domain_name, type_mx));
    EXPECT_EQ(answer.substr(answer.size() - 5), "\0\3\0\0\0"s);
}

TEST(NameServer, CutsShortWhatDoesNotFit) {
    NameServer names;
    for (int i = 1; i <= 60; ++i) EXPECT_TRUE(names.add("example=192.0.2." + std::to_string(i)));
    const std::string plain = names.answer(query(domain_name, type_a));
    EXPECT_TRUE(is_truncated(plain));
    EXPECT_LE(plain.size(), 512U);
    std::string extended = query(domain_name, type_a) + "\0\0\x29\x10\0\0\0\0\0\0\0"s;
    extended[11] = 1;
    const std::string answer = names.answer(extended);
    EXPECT_FALSE(is_truncated(answer));
    EXPECT_EQ(count_of(answer), 60U);
    EXPECT_EQ(answer.substr(answer.size() - 11), "\0\0\x29\4\xd0\0\0\0\0\0\0"s);
}

TEST(NameServer, SurvivesWhatIsNoQuery) {
    const NameServer names = server();
    EXPECT_EQ(names.answer(""), "");
    EXPECT_EQ(names.answer(std::string(11, '\0')), "");
    EXPECT_EQ(names.answer("\x12\x34\x80\0\0\1\0\0\0\0\0\0"s), "");  // a response
    const std::string whole = query(mx_name, type_a);
    for (std::size_t length = 12; length < whole.size(); ++length)
        EXPECT_EQ(code_of(names.answer(std::string_view(whole).substr(0, length))), 1U);
    EXPECT_EQ(code_of(names.answer("\x12\x34\x28\0\0\1\0\0\0\0\0\0"s)), 4U);  // UPDATE
    EXPECT_EQ(code_of(names.answer("\x12\x34\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1"s)), 1U);
}

TEST(NameServer, RefusesRecordsThatAreNone) {
    NameServer names;
    for (const char* record : {"", "x", "=192.0.2.1", "x=", "x=y", "x=MX", "x=MX 10", "x=MX a b",
                               "x=MX 70000 b", "x..y=192.0.2.1", "x=192.0.2"})
        EXPECT_FALSE(names.add(record)) << record;
    EXPECT_TRUE(names.empty());
}

}  // namespace
}  // namespace tern::sink

// control/ignoreextensions: which lines are of a server, and what its check says.
#include "routing/ignored_extensions.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"
#include "routing/check.hpp"

namespace tern::routing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::string ignored(std::string_view content, std::string_view name,
                    std::string_view address = "192.0.2.1") {
    return find_ignored_extensions(content, name, *IpAddress::parse(address)).keywords();
}

TEST(Ignoreextensions, LinesOfAServer) {
    struct Row {
        const char* content;
        const char* name;
        const char* address;
        const char* expected;
    };
    const std::vector<Row> rows{
        {"", "mx.example", "192.0.2.1", ""},
        {"mx.example:CHUNKING", "mx.example", "192.0.2.1", "CHUNKING"},
        {"MX.Example:size , Pipelining \t\r", "mx.example", "192.0.2.1", "PIPELINING, SIZE"},
        {"mx.example:CHUNKING", "a.mx.example", "192.0.2.1", ""},
        {"mx.example:CHUNKING", "amx.example", "192.0.2.1", ""},
        {".example:CHUNKING", "mx.example", "192.0.2.1", "CHUNKING"},
        {".example:CHUNKING", "a.mx.example", "192.0.2.1", "CHUNKING"},
        {".example:CHUNKING", "example", "192.0.2.1", ""},
        {".mx.example:CHUNKING", "mx.example", "192.0.2.1", ""},
        {"*:CHUNKING", "", "192.0.2.1", "CHUNKING"},
        {"192.0.2.1:CHUNKING", "mx.example", "192.0.2.1", "CHUNKING"},
        {"[192.0.2.1]:CHUNKING", "", "192.0.2.1", "CHUNKING"},
        {"192.0.2.1:CHUNKING", "mx.example", "192.0.2.2", ""},
        {"2001:db8::1:CHUNKING", "mx.example", "2001:db8::1", "CHUNKING"},
        {"[2001:DB8::1]:CHUNKING", "", "2001:db8::1", "CHUNKING"},
        {"[IPv6:2001:db8::1]:CHUNKING", "", "2001:db8::1", "CHUNKING"},
        {"b\xc3\xbc" "cher.example:AUTH", "xn--bcher-kva.example", "192.0.2.1", "AUTH"},
        {".b\xc3\xbc" "cher.example:AUTH", "mx.xn--bcher-kva.example", "192.0.2.1", "AUTH"},
        // All lines count together.
        {"*:SIZE\n#*:AUTH\nmx.example:LIMITS\n.example:SMTPUTF8,8BITMIME\nother:CHUNKING",
         "mx.example", "192.0.2.1", "8BITMIME, SMTPUTF8, SIZE, LIMITS"},
        {"*:ENHANCEDSTATUSCODES,DSN,,X", "mx.example", "192.0.2.1", "ENHANCEDSTATUSCODES"},
        {"mx.example", "mx.example", "192.0.2.1", ""},
        {":CHUNKING", "mx.example", "192.0.2.1", ""},
        {":CHUNKING", "", "192.0.2.1", ""},
        // TLS is never left out by this file.
        {"*:STARTTLS", "mx.example", "192.0.2.1", ""},
        {"mx.example:STARTTLS,SIZE", "mx.example", "192.0.2.1", "SIZE"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(ignored(row.content, row.name, row.address), row.expected)
            << row.content << "  " << row.name << "  " << row.address;
}

TEST(Ignoreextensions, Check) {
    EXPECT_THAT(check_ignoreextensions("# some\n\nmx.example:CHUNKING\n.example:size\n*:AUTH\n"
                                       "192.0.2.1:LIMITS\n2001:db8::1:PIPELINING\n"
                                       "[2001:db8::1]:8BITMIME\nmx.example:SMTPUTF8"),
                IsEmpty());
    std::vector<std::string> list;
    const std::vector<Mistake> mistakes = check_ignoreextensions(
        "mx.example CHUNKING\n:SIZE\n*.example:SIZE\nmx.example:DSN\nmx.example:\n"
        "mx.example:SIZE,,AUTH\n*:starttls,SIZE\n@mx.example:SIZE");
    for (const Mistake& mistake : mistakes) {
        list.push_back(concat(mistake.origin.line, ": ", mistake.what));
        EXPECT_EQ(mistake.origin.file, "control/ignoreextensions");
        EXPECT_FALSE(mistake.defers);
        EXPECT_EQ(mistake.grave, mistake.origin.line == 7) << mistake.what;
    }
    EXPECT_THAT(list,
                ElementsAre(StartsWith("1: the line has no colon"),
                            HasSubstr("2: the line names no server (write * "),
                            StartsWith("3: \"*.example\" matches nothing (write \".example\""),
                            StartsWith("4: \"DSN\" is not an extension that qmail-remote uses"),
                            StartsWith("5: a keyword is missing"),
                            StartsWith("6: a keyword is missing"),
                            StartsWith("7: STARTTLS is not ignored by this file (create a file "
                                       "control/notlshosts/"),
                            StartsWith("8: \"@mx.example\" matches nothing")));
}

}  // namespace
}  // namespace tern::routing

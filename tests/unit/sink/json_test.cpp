// JSON text: separators, quoting, bytes that are no UTF-8.
#include "sink/json.hpp"

#include <cstdint>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace tern::sink {
namespace {

using std::string_literals::operator""s;

TEST(Json, PutsSeparatorsWhereTheyBelong) {
    JsonWriter json;
    json.open_object();
    json.field("a", "x");
    json.field("n", std::uint64_t(12));
    json.key("list");
    json.open_array();
    json.string("one");
    json.boolean(false);
    json.open_object();
    json.close_object();
    json.close_array();
    json.key("none");
    json.null();
    json.field("last", true);
    json.close_object();
    EXPECT_EQ(json.text(), R"({"a":"x","n":12,"list":["one",false,{}],"none":null,"last":true})");
}

TEST(Json, QuotesEveryByte) {
    const std::pair<std::string, std::string> rows[] = {
        {"a\"b\\c", R"("a\"b\\c")"},
        {"\r\n\t\0\x7f"s, R"("\r\n\u0009\u0000\u007f")"},
        {"gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\""},
        {"\xf0\x9f\x90\xa6", "\"\xf0\x9f\x90\xa6\""},
        {"\xff", R"("\udcff")"},
        {"\xc3", R"("\udcc3")"},
        {"\xc0\xaf", R"("\udcc0\udcaf")"},            // overlong
        {"\xed\xa0\x80", R"("\udced\udca0\udc80")"},  // a surrogate
        {"\xf4\x90\x80\x80", R"("\udcf4\udc90\udc80\udc80")"},
    };
    for (const auto& [bytes, text] : rows) {
        JsonWriter json;
        json.string(bytes);
        EXPECT_EQ(json.text(), text);
    }
}

}  // namespace
}  // namespace tern::sink

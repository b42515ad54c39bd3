// Any bytes as a domain name: what is taken fits its own rule, goes through unchanged a second
// time, and can be asked for.
#include <cstdint>
#include <string_view>

#include "dns/message.hpp"
#include "fuzz/tools.hpp"

namespace {

using tern::fuzz::expect;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tern;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::optional<dns::Domain> domain = dns::Domain::parse(text);
    if (!domain) return 0;
    const std::string_view ascii = domain->ascii();
    expect(!ascii.empty() && ascii.size() <= 253);
    expect(ascii.front() != '.' && ascii.back() != '.' && ascii.find("..") == ascii.npos);
    for (const char c : ascii)
        expect(c == '.' || c == '-' || c == '_' || (c >= '0' && c <= '9') ||
               (c >= 'a' && c <= 'z'));
    expect(dns::Domain::parse(ascii) == domain);
    const std::string query = dns::make_query(dns::Question{*domain, dns::Type::mx, 7});
    constexpr std::size_t opt = 11;  // RFC 6891 6.1.2
    expect(query.size() == 12 + ascii.size() + 2 + 4 + opt);
    // A query is no answer, however well it fits its question.
    expect(dns::read_mx(query, dns::Question{*domain, dns::Type::mx, 7}, 0).answer.outcome ==
           dns::Outcome::failed);
    return 0;
}

// control/tlsdestinations of any bytes: the line that decides is in the file and fits, no line
// that is said to match nothing decides, and what defers mail is named by the check. The server's
// name and the next hop come first, each ended by a NUL.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "routing/check.hpp"
#include "routing/tls_destinations.hpp"
#include "dns/domain.hpp"
#include "fuzz/tools.hpp"

namespace {

using namespace tern::routing;
using tern::fuzz::expect;
using tern::fuzz::take;

// As deliveries have them: A-labels, or nothing.
std::string name_in(std::string_view text) {
    const auto domain = tern::dns::Domain::parse(text);
    return domain ? std::string(domain->ascii()) : std::string();
}

std::string_view line_at(std::string_view content, std::size_t number) {
    for (; number > 1; --number) content.remove_prefix(content.find('\n') + 1);
    return content.substr(0, content.find('\n'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view content(reinterpret_cast<const char*>(data), size);
    const std::string name = name_in(take(content));
    const std::string next_hop = name_in(take(content));
    const std::vector<Mistake> mistakes = check_tls_destinations(content);
    const auto lines = static_cast<std::size_t>(std::ranges::count(content, '\n')) + 1;
    std::size_t before = 0;
    for (const Mistake& mistake : mistakes) {
        expect(!mistake.what.empty() && mistake.origin.line > before);
        before = mistake.origin.line;
        expect(before <= lines);
    }
    const auto found = find_tls_destination(content, name, next_hop);
    if (!found) return 0;
    expect(found->number > 0 && found->number <= lines);
    expect(line_at(content, found->number).starts_with(found->key() + ":"));
    const auto mistake = std::ranges::find(mistakes, found->number,
                                           [](const Mistake& each) { return each.origin.line; });
    if (found->changes_nothing()) expect(mistake == mistakes.end());
    else expect(mistake != mistakes.end() && mistake->defers);
    // What is of no name is asked last.
    if (found->is_general()) return 0;
    const auto nameless = find_tls_destination(content, "", "");
    expect(!nameless || nameless->is_general());
    return 0;
}

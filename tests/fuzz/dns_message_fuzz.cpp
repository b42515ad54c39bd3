// Any bytes as the answer to a question: nothing is read out of bounds, and what is said about them
// is in itself consistent. The first two bytes choose the question.
#include <cstdint>
#include <string_view>

#include "dns/message.hpp"
#include "fuzz/tools.hpp"

namespace {

using namespace tern;
using tern::fuzz::expect;

template <class Record>
void judge(const dns::Reading<Record>& reading, int before) {
    const dns::Answer<Record>& answer = reading.answer;
    expect((answer.outcome == dns::Outcome::found) == !answer.records.empty());
    expect(!reading.ask_next || (answer.outcome == dns::Outcome::failed && answer.detail.empty()));
    expect(answer.outcome != dns::Outcome::failed || reading.ask_next || !answer.detail.empty());
    expect(!reading.ask_next || (reading.aliases > before && reading.aliases <= dns::most_aliases));
}

bool is_plain(char c) {
    return c == '.' || c == '-' || c == '_' || c == '\\' || (c >= '0' && c <= '9') ||
           (c >= 'a' && c <= 'z');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const dns::Domain name = dns::Domain::parse("example.com").value();
    constexpr dns::Type types[] = {dns::Type::mx, dns::Type::a, dns::Type::aaaa};
    if (size < 2) return 0;
    const dns::Type type = types[data[0] % 3];
    const int aliases = data[1] % (dns::most_aliases + 1);
    const std::string_view message(reinterpret_cast<const char*>(data) + 2, size - 2);
    const dns::Question question{name, type, 0x1234};
    if (type == dns::Type::mx) {
        const dns::Reading<dns::Mx> reading = dns::read_mx(message, question, aliases);
        judge(reading, aliases);
        for (const dns::Mx& mx : reading.answer.records)
            for (const char c : mx.exchanger) expect(is_plain(c));
    } else {
        const dns::Reading<IpAddress> reading = dns::read_addresses(message, question, aliases);
        judge(reading, aliases);
    }
    return 0;
}

// How much work a DNS message can make: its bytes are built of labels and compression pointers by
// the input, so that chains are met at once; what reading costs stays in proportion to its size.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "dns/message.hpp"

namespace {

using namespace tern;

constexpr std::size_t longest_message = 65535;
// RFC 1035: a record has 12 bytes at least and two names in it at most, each of 255 bytes and 127
// pointers; an alias's data is read once more for each alias followed.
constexpr std::size_t most_steps_per_byte = 64;

void append_u16(std::string& to, unsigned value) {
    to += static_cast<char>(value >> 8U & 0xffU);
    to += static_cast<char>(value & 0xffU);
}

// Each byte of the input adds a piece of a name, or a whole record that leads to the last piece.
std::string build(const dns::Question& question, const std::uint8_t* data, std::size_t size) {
    std::string bytes = dns::make_query(question);
    bytes[2] = static_cast<char>(0x81);
    bytes[3] = static_cast<char>(0x80);
    unsigned count = 0;
    std::size_t last = 12;
    for (std::size_t i = 0; i < size && bytes.size() < longest_message - 300; ++i) {
        const std::size_t here = bytes.size();
        const unsigned argument = data[i] >> 2U;
        const unsigned pointer = 0xc000U | (static_cast<unsigned>(last) & 0x3fffU);
        switch (data[i] & 3U) {
            case 0:
                for (unsigned left = argument + 1; left > 0; --left) {
                    const auto target = static_cast<unsigned>(last) & 0x3fffU;
                    last = bytes.size();
                    append_u16(bytes, 0xc000U | target);
                }
                break;
            case 1:
                bytes += static_cast<char>(argument == 0 ? 1 : argument);
                bytes.append(argument == 0 ? 1 : argument, 'a');
                append_u16(bytes, pointer);
                last = here;
                break;
            case 2:
                bytes += static_cast<char>(data[i]);
                break;
            default:
                for (unsigned left = argument + 1; left > 0; --left, ++count) {
                    append_u16(bytes, argument % 2 == 0 ? 0xc00cU : pointer);
                    append_u16(bytes, argument % 4 == 0 ? 5 : 15);
                    append_u16(bytes, 1);
                    bytes.append(4, '\0');
                    append_u16(bytes, argument % 4 == 0 ? 2 : 4);
                    if (argument % 4 != 0) append_u16(bytes, 1);
                    append_u16(bytes, pointer);
                }
        }
    }
    bytes[6] = static_cast<char>(count >> 8U);
    bytes[7] = static_cast<char>(count & 0xffU);
    return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const dns::Domain name = dns::Domain::parse("example.com").value();
    const dns::Question question{name, dns::Type::mx, 0x1234, false};
    const std::string message = build(question, data, size);
    const dns::Reading<dns::Mx> reading = dns::read_mx(message, question, 0);
    if (reading.steps > most_steps_per_byte * message.size()) std::abort();
    return 0;
}

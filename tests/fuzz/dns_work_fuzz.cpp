// How much work a DNS message can make: its bytes are built of labels and compression pointers by
// the input, so that it soon finds chains; what reading costs stays in proportion to its size.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "dns/message.hpp"

namespace {

using namespace tern;

// RFC 1035: a record has 12 bytes at least and two names in it at most, each of 255 bytes and 127
// pointers; an alias's data is read once more for each alias followed.
constexpr std::size_t most_steps_per_byte = 64;

void append_u16(std::string& to, unsigned value) {
    to += static_cast<char>(value >> 8U & 0xffU);
    to += static_cast<char>(value & 0xffU);
}

std::string header_of_record(unsigned owner, unsigned type, std::size_t data_size) {
    std::string bytes;
    append_u16(bytes, owner);
    append_u16(bytes, type);
    append_u16(bytes, 1);
    bytes.append(4, '\0');
    append_u16(bytes, static_cast<unsigned>(data_size));
    return bytes;
}

// Each byte of the input adds a piece of a name to the data of a first record, or records that lead
// to the last piece.
std::string build(const dns::Question& question, const std::uint8_t* data, std::size_t size) {
    constexpr unsigned name_of_question = 0xc00c;
    constexpr std::size_t farthest = 0x3fff;
    const std::string query = dns::make_query(question);
    const std::size_t begin = query.size() + header_of_record(0, 0, 0).size();
    std::string pieces;
    std::string records;
    unsigned count = 1;
    unsigned last = name_of_question;
    const auto note = [&](std::size_t at) { last = 0xc000U | static_cast<unsigned>(begin + at); };
    for (std::size_t i = 0; i < size; ++i) {
        const unsigned argument = data[i] >> 2U;
        const bool is_full = begin + pieces.size() + 2UL * (argument + 1) + 64 > farthest;
        const std::size_t here = pieces.size();
        switch (data[i] & 3U) {
            case 0:
                for (unsigned left = argument + 1; left > 0 && !is_full; --left) {
                    const std::size_t at = pieces.size();
                    append_u16(pieces, last);
                    note(at);
                }
                break;
            case 1:
                if (is_full || argument == 0) break;
                pieces += static_cast<char>(argument);
                pieces.append(argument, 'a');
                append_u16(pieces, last);
                note(here);
                break;
            case 2:
                if (is_full) break;
                pieces += '\0';
                note(here);
                break;
            default:
                for (unsigned left = argument + 1; left > 0 && records.size() < 48000; --left) {
                    const bool is_alias = argument % 4 == 0;
                    records += header_of_record(argument % 2 == 0 ? name_of_question : last,
                                                is_alias ? 5 : 15, is_alias ? 2 : 4);
                    if (!is_alias) append_u16(records, 1);
                    append_u16(records, last);
                    ++count;
                }
        }
    }
    std::string bytes = query + header_of_record(name_of_question, 16, pieces.size()) + pieces +
                        records;
    bytes[2] = static_cast<char>(0x81);
    bytes[3] = static_cast<char>(0x80);
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

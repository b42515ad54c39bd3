// Reads and writes DNS messages; see message.hpp. Every read is bounded by the message's end.
#include "dns/message.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace tern::dns {
namespace {

constexpr std::size_t header_size = 12;
constexpr std::size_t longest_wire_name = 255;  // RFC 1035 3.1
constexpr std::uint16_t class_in = 1;
constexpr std::uint16_t type_cname = 5;

// RFC 1035 4.1.1, RFC 4035 3.1.6: the second 16 bits of the header.
constexpr unsigned flag_response = 0x8000;
constexpr unsigned opcode_mask = 0x7800;
constexpr unsigned flag_truncated = 0x0200;
constexpr unsigned flag_recursion_desired = 0x0100;
constexpr unsigned flag_authentic = 0x0020;
constexpr unsigned rcode_mask = 0x000f;
constexpr unsigned rcode_no_error = 0;
constexpr unsigned rcode_no_such_name = 3;

void append_u16(std::string& to, unsigned value) {
    to += static_cast<char>(value >> 8 & 0xff);
    to += static_cast<char>(value & 0xff);
}

// RFC 1035 5.1. Dots and backslashes inside a label are escaped as well, so that two names are
// equal only when their labels are.
void append_label_byte(std::string& to, char c) {
    if (is_alnum(c) || c == '-' || c == '_') {
        to += to_lower(c);
        return;
    }
    const unsigned value = static_cast<unsigned char>(c);
    to += '\\';
    for (const unsigned power : {100U, 10U, 1U}) to += static_cast<char>('0' + value / power % 10);
}

// Walks through a message; after a step beyond its end, or one that makes no sense, it is not good
// and gives only zeros and empty texts.
class Cursor {
public:
    explicit Cursor(std::string_view message) : message_(message) {}

    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] std::size_t position() const { return at_; }

    std::string_view bytes(std::size_t count) {
        if (!good_ || count > message_.size() - at_) {
            good_ = false;
            return {};
        }
        at_ += count;
        return message_.substr(at_ - count, count);
    }

    unsigned u8() {
        const std::string_view one = bytes(1);
        return good_ ? static_cast<unsigned char>(one[0]) : 0;
    }

    std::uint16_t u16() {
        const unsigned high = u8();
        return static_cast<std::uint16_t>(high << 8 | u8());
    }

    // A name, lower case, without trailing dot. Compression pointers (RFC 1035 4.1.4) must point
    // to before the bytes they are met in, so that no loop can be made of them.
    std::string name() {
        std::string text;
        std::size_t wire_length = 1;
        std::size_t earliest = at_;
        std::optional<std::size_t> end;
        while (good_) {
            const unsigned length = u8();
            if (length >= 0xc0) {
                const std::size_t target = (length & 0x3fU) << 8 | u8();
                if (!end) end = at_;
                good_ = good_ && target < earliest;
                at_ = earliest = target;
                continue;
            }
            if (length == 0) break;
            wire_length += 1 + length;
            good_ = good_ && length < 0x40 && wire_length <= longest_wire_name;
            if (!text.empty()) text += '.';
            for (const char c : bytes(length)) append_label_byte(text, c);
        }
        if (!good_) return {};
        if (end) at_ = *end;
        return text;
    }

private:
    std::string_view message_;
    std::size_t at_ = 0;
    bool good_ = true;
};

// Where a record of the answer section lies in the message.
struct Place {
    std::string owner;
    std::uint16_t type;
    std::uint16_t record_class;
    std::size_t data;
    std::size_t length;
};

std::optional<std::vector<Place>> answer_section(Cursor& cursor, unsigned count) {
    std::vector<Place> places;
    for (; count > 0 && cursor.good(); --count) {
        Place place{};
        place.owner = cursor.name();
        place.type = cursor.u16();
        place.record_class = cursor.u16();
        cursor.bytes(4);  // the time to live: nothing is kept that long here
        place.length = cursor.u16();
        place.data = cursor.position();
        cursor.bytes(place.length);
        places.push_back(std::move(place));
    }
    if (!cursor.good()) return std::nullopt;
    return places;
}

// A cursor at the data of a record. It may look back for compressed names, but not beyond the data.
Cursor data_of(std::string_view message, const Place& place) {
    Cursor cursor(message.substr(0, place.data + place.length));
    cursor.bytes(place.data);
    return cursor;
}

bool is_at_end(const Cursor& cursor, const Place& place) {
    return cursor.good() && cursor.position() == place.data + place.length;
}

std::optional<Mx> record_from(Cursor cursor, const Place& place, Mx*) {
    Mx mx;
    mx.preference = cursor.u16();
    mx.exchanger = cursor.name();
    if (!is_at_end(cursor, place)) return std::nullopt;
    return mx;
}

template <std::size_t size>
std::array<std::uint8_t, size> address_bytes(Cursor& cursor) {
    std::array<std::uint8_t, size> bytes{};
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(cursor.u8());
    return bytes;
}

std::optional<IpAddress> record_from(Cursor cursor, const Place& place, IpAddress*) {
    const IpAddress address = place.type == static_cast<std::uint16_t>(Type::a)
                                  ? IpAddress::ipv4(address_bytes<4>(cursor))
                                  : IpAddress::ipv6(address_bytes<16>(cursor));
    if (!is_at_end(cursor, place)) return std::nullopt;
    return address;
}

template <class Record>
Reading<Record> failed(const std::string& why) {
    Reading<Record> reading;
    reading.answer.detail = why;
    return reading;
}

constexpr std::string_view malformed = "the name server sent a malformed answer";

// RFC 1034 3.6.2, RFC 6604: the owner of the records is the end of the chain of aliases, and the
// response code is about that end.
template <class Record>
Reading<Record> follow(std::string_view message, const Question& question, int aliases,
                       unsigned flags, const std::vector<Place>& places) {
    const auto wanted = static_cast<std::uint16_t>(question.type);
    Reading<Record> reading;
    reading.aliases = aliases;
    reading.answer.authentic = (flags & flag_authentic) != 0;
    std::string owner = question.name.ascii();
    for (bool at_alias = true; at_alias;) {
        at_alias = false;
        for (const Place& place : places) {
            if (place.record_class != class_in || place.owner != owner) continue;
            if (place.type == wanted) {
                std::optional<Record> record =
                    record_from(data_of(message, place), place, static_cast<Record*>(nullptr));
                if (!record) return failed<Record>(std::string(malformed));
                reading.answer.records.push_back(std::move(*record));
            } else if (place.type == type_cname && reading.answer.records.empty()) {
                Cursor cursor = data_of(message, place);
                owner = cursor.name();
                if (!is_at_end(cursor, place)) return failed<Record>(std::string(malformed));
                if (++reading.aliases > most_aliases)
                    return failed<Record>(text("its aliases (CNAME) make a loop, or a chain of "
                                               "more than ", most_aliases));
                at_alias = true;
                break;
            }
        }
    }
    if ((flags & rcode_mask) == rcode_no_such_name) {
        reading.answer.records.clear();
        reading.answer.outcome = Outcome::no_such_name;
    } else if (!reading.answer.records.empty()) {
        reading.answer.outcome = Outcome::found;
    } else if (reading.aliases == aliases) {
        // Records, but none of the name we asked for: somebody answers another question.
        const auto ours = [&owner](const Place& place) {
            return place.owner == owner && place.record_class == class_in;
        };
        if (!places.empty() && std::ranges::none_of(places, ours))
            return failed<Record>("the name server answered with records of other names");
        reading.answer.outcome = Outcome::no_data;
    } else {
        reading.ask_next = Domain::parse(owner);
        if (!reading.ask_next)
            return failed<Record>(text("it is an alias (CNAME) of \"", owner,
                                       "\", which is no host name"));
    }
    return reading;
}

template <class Record>
Reading<Record> read(std::string_view message, const Question& question, int aliases) {
    Cursor cursor(message);
    const std::uint16_t id = cursor.u16();
    const unsigned flags = cursor.u16();
    const unsigned questions = cursor.u16();
    const unsigned answers = cursor.u16();
    cursor.bytes(4);  // authority and additional: nothing in there is believed
    if (!cursor.good()) return failed<Record>(std::string(malformed));
    if (id != question.id || (flags & flag_response) == 0 || (flags & opcode_mask) != 0)
        return failed<Record>("the name server sent something that answers no question of ours");
    const unsigned rcode = flags & rcode_mask;
    if (rcode != rcode_no_error && rcode != rcode_no_such_name)
        return failed<Record>(text("the name server answered ", rcode_name(rcode)));
    const std::string name = cursor.name();
    const unsigned type = cursor.u16();
    const unsigned question_class = cursor.u16();
    if (!cursor.good()) return failed<Record>(std::string(malformed));
    if (questions != 1 || name != question.name.ascii() ||
        type != static_cast<std::uint16_t>(question.type) || question_class != class_in)
        return failed<Record>("the name server answered another question than ours");
    if ((flags & flag_truncated) != 0)
        return failed<Record>("the name server's answer was truncated");
    const std::optional<std::vector<Place>> places = answer_section(cursor, answers);
    if (!places) return failed<Record>(std::string(malformed));
    return follow<Record>(message, question, aliases, flags, *places);
}

}  // namespace

std::string make_query(const Question& question) {
    std::string bytes;
    bytes.reserve(header_size + question.name.ascii().size() + 6);
    append_u16(bytes, question.id);
    append_u16(bytes, flag_recursion_desired | flag_authentic);
    append_u16(bytes, 1);
    bytes.append(6, '\0');  // no answer, no authority, no additional records
    std::string_view rest = question.name.ascii();
    while (!rest.empty()) {
        const std::string_view label = rest.substr(0, rest.find('.'));
        bytes += static_cast<char>(label.size());
        bytes += label;
        rest.remove_prefix(std::min(rest.size(), label.size() + 1));
    }
    bytes += '\0';
    append_u16(bytes, static_cast<unsigned>(question.type));
    append_u16(bytes, class_in);
    return bytes;
}

Reading<Mx> read_mx(std::string_view message, const Question& question, int aliases) {
    return read<Mx>(message, question, aliases);
}

Reading<IpAddress> read_addresses(std::string_view message, const Question& question,
                                  int aliases) {
    return read<IpAddress>(message, question, aliases);
}

std::string rcode_name(unsigned rcode) {
    constexpr std::array<std::string_view, 6> names{"NOERROR",  "FORMERR", "SERVFAIL",
                                                    "NXDOMAIN", "NOTIMP",  "REFUSED"};
    if (rcode < names.size()) return std::string(names[rcode]);
    return text("response code ", rcode);
}

}  // namespace tern::dns

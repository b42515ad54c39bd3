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
constexpr int most_jumps = 127;  // compression pointers followed in one name (contract.md#names)
constexpr std::uint16_t class_in = 1;
constexpr std::uint16_t type_cname = 5;
constexpr std::uint16_t type_soa = 6;
constexpr std::uint16_t type_opt = 41;  // RFC 6891 6.1.1

// RFC 1035 4.1.1, RFC 4035 3.1.6: the second 16 bits of the header.
constexpr unsigned flag_response = 0x8000;
constexpr unsigned opcode_mask = 0x7800;
constexpr unsigned flag_authoritative = 0x0400;
constexpr unsigned flag_truncated = 0x0200;
constexpr unsigned flag_recursion_desired = 0x0100;
constexpr unsigned flag_recursion_available = 0x0080;
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
    /// Counts in `steps` what it looks at in names; `steps` must outlive it.
    Cursor(std::string_view message, std::size_t& steps) : message_(message), steps_(&steps) {}

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
    // to before the bytes they are met in, so that no loop can be made of them; and a name follows
    // only so many, or each of thousands of records could lead through thousands of pointers. A
    // name of 255 bytes has 127 labels at most, and so no use for more pointers.
    std::string name() {
        std::string text;
        std::size_t wire_length = 1;
        std::size_t earliest = at_;
        int jumps = 0;
        std::optional<std::size_t> end;
        while (good_) {
            const unsigned length = u8();
            ++*steps_;
            if (length >= 0xc0) {
                const std::size_t target = (length & 0x3fU) << 8 | u8();
                if (!end) end = at_;
                good_ = good_ && target < earliest && ++jumps <= most_jumps;
                at_ = earliest = target;
                continue;
            }
            if (length == 0) break;
            wire_length += 1 + length;
            good_ = good_ && length < 0x40 && wire_length <= longest_wire_name;
            if (!text.empty()) text += '.';
            *steps_ += length;
            for (const char c : bytes(length)) append_label_byte(text, c);
        }
        if (!good_) return {};
        if (end) at_ = *end;
        return text;
    }

private:
    std::string_view message_;
    std::size_t* steps_;
    std::size_t at_ = 0;
    bool good_ = true;
};

// Where a record lies in the message.
struct Place {
    std::string owner;
    std::uint16_t type;
    std::uint16_t record_class;
    std::uint16_t high_time;  // the upper half of the time to live; of OPT the extended code
    std::size_t data;
    std::size_t length;
};

Place record_place(Cursor& cursor) {
    Place place{};
    place.owner = cursor.name();
    place.type = cursor.u16();
    place.record_class = cursor.u16();
    place.high_time = cursor.u16();
    cursor.u16();
    place.length = cursor.u16();
    place.data = cursor.position();
    cursor.bytes(place.length);
    return place;
}

std::optional<std::vector<Place>> answer_section(Cursor& cursor, unsigned count) {
    std::vector<Place> places;
    for (; count > 0 && cursor.good(); --count) places.push_back(record_place(cursor));
    if (!cursor.good()) return std::nullopt;
    return places;
}

// What the header says, and what a message without an answer says besides.
struct Header {
    unsigned flags = 0;
    unsigned answers = 0;
    unsigned authority = 0;
    unsigned additional = 0;

    [[nodiscard]] bool is(unsigned flag) const { return (flags & flag) != 0; }
    [[nodiscard]] unsigned rcode() const { return flags & rcode_mask; }
};

bool is_at_or_below(std::string_view name, std::string_view zone) {
    if (!name.ends_with(zone)) return false;
    return zone.empty() || name.size() == zone.size() || name[name.size() - zone.size() - 1] == '.';
}

// What is in the sections after the answers: read only where there are no answers.
struct Remainder {
    bool good = false;
    bool has_soa = false;       // of a zone that the name lies in
    unsigned high_rcode = 0;    // RFC 6891 6.1.3
};

Remainder read_remainder(Cursor& cursor, const Header& header, std::string_view name) {
    Remainder remainder;
    for (unsigned left = header.authority; left > 0 && cursor.good(); --left) {
        const Place place = record_place(cursor);
        if (place.type == type_soa && is_at_or_below(name, place.owner)) remainder.has_soa = true;
    }
    for (unsigned left = header.additional; left > 0 && cursor.good(); --left) {
        const Place place = record_place(cursor);
        if (place.type == type_opt) remainder.high_rcode = place.high_time >> 8U;
    }
    remainder.good = cursor.good();
    return remainder;
}

// A cursor at the data of a record. It may look back for compressed names, but not beyond the data.
Cursor data_of(std::string_view message, const Place& place, std::size_t& steps) {
    Cursor cursor(message.substr(0, place.data + place.length), steps);
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

constexpr std::string_view malformed = "sent a malformed answer";

// Reads one message about one question.
template <class Record>
class Reader {
public:
    Reader(std::string_view message, const Question& question, int aliases)
        : message_(message), question_(question), cursor_(message, reading_.steps) {
        reading_.aliases = aliases;
    }

    Reading<Record> read() && {
        if (read_header() && is_answer() && check_code()) follow();
        return std::move(reading_);
    }

private:
    // Another server may do better.
    bool unusable(std::string predicate) {
        reading_.answer.outcome = Outcome::failed;
        reading_.answer.records.clear();
        reading_.answer.detail = std::move(predicate);
        return !(reading_.unusable = true);
    }

    // The records themselves lead nowhere.
    void failed(std::string why) {
        reading_.answer.records.clear();
        reading_.answer.detail = std::move(why);
    }

    bool read_header() {
        id_ = cursor_.u16();
        header_.flags = cursor_.u16();
        questions_ = cursor_.u16();
        header_.answers = cursor_.u16();
        header_.authority = cursor_.u16();
        header_.additional = cursor_.u16();
        reading_.rcode = header_.rcode();
        return cursor_.good() || unusable(std::string(malformed));
    }

    bool is_answer() {
        if (id_ != question_.id || !header_.is(flag_response) || header_.is(opcode_mask))
            return unusable("sent a response that matches no query");
        if (is_bare_refusal(message_)) return check_code();
        reading_.truncated = header_.is(flag_truncated);
        const std::string name = cursor_.name();
        const unsigned type = cursor_.u16();
        const unsigned question_class = cursor_.u16();
        if (!cursor_.good()) return unusable(std::string(malformed));
        if (questions_ != 1 || name != question_.name.ascii() ||
            type != static_cast<std::uint16_t>(question_.type) || question_class != class_in)
            return unusable("answered a different question");
        return true;
    }

    bool check_code() {
        const unsigned rcode = header_.rcode();
        if (rcode != rcode_no_error && rcode != rcode_no_such_name)
            return unusable(concat("answered ", rcode_name(rcode)));
        if (reading_.truncated) return unusable("truncated its answer");
        return true;
    }

    void follow() {
        const std::optional<std::vector<Place>> places = answer_section(cursor_, header_.answers);
        if (!places) return void(unusable(std::string(malformed)));
        reading_.answer.authentic = header_.is(flag_authentic);
        std::string owner = question_.name.ascii();
        const int before = reading_.aliases;
        if (!walk(*places, owner)) return;
        if (header_.rcode() == rcode_no_such_name) {
            if (!is_denial(owner, "claims that the name does not exist")) return;
            reading_.answer.records.clear();
            reading_.answer.outcome = Outcome::no_such_name;
        } else if (!reading_.answer.records.empty()) {
            reading_.answer.outcome = Outcome::found;
        } else if (reading_.aliases == before) {
            without_records(*places, owner);
        } else {
            reading_.ask_next = Domain::parse(owner);
            if (!reading_.ask_next)
                failed(
                    concat("it is an alias (CNAME) of \"", owner, "\", which is not a host name"));
        }
    }

    // RFC 1034 3.6.2, RFC 6604 3: the owner of the records is the end of the chain of aliases, and
    // the response code is about that end. False when the reading has ended.
    bool walk(const std::vector<Place>& places, std::string& owner) {
        const auto wanted = static_cast<std::uint16_t>(question_.type);
        for (bool at_alias = true; at_alias;) {
            at_alias = false;
            for (const Place& place : places) {
                if (place.record_class != class_in || place.owner != owner) continue;
                Cursor data = data_of(message_, place, reading_.steps);
                if (place.type == wanted) {
                    std::optional<Record> record =
                        record_from(data, place, static_cast<Record*>(nullptr));
                    if (!record) return unusable(std::string(malformed));
                    reading_.answer.records.push_back(std::move(*record));
                } else if (place.type == type_cname && reading_.answer.records.empty()) {
                    owner = data.name();
                    if (!is_at_end(data, place)) return unusable(std::string(malformed));
                    if (++reading_.aliases > most_aliases) {
                        failed(concat("its aliases (CNAME) make a loop, or a chain of more than ",
                                      most_aliases));
                        return false;
                    }
                    at_alias = true;
                    break;
                }
            }
        }
        return true;
    }

    void without_records(const std::vector<Place>& places, const std::string& owner) {
        // Records, but none of the name we asked for: an answer to another question.
        const auto ours = [&owner](const Place& place) {
            return place.owner == owner && place.record_class == class_in;
        };
        if (!places.empty() && std::ranges::none_of(places, ours))
            return void(unusable("answered with records of other names"));
        if (places.empty() && !is_denial(owner, "sent a referral instead of an answer")) return;
        reading_.answer.outcome = Outcome::no_data;
    }

    // contract.md#names: only a server that is authoritative, that asks
    // others for us, or that shows the zone's SOA can say that something does not exist (RFC 2308
    // 2.2). Any other sends us on: a lame server, or a wrong "nameserver" line. Believed, it would
    // bounce all mail.
    bool is_denial(std::string_view owner, std::string_view otherwise) {
        const Remainder remainder = read_remainder(cursor_, header_, owner);
        if (!remainder.good) return unusable(std::string(malformed));
        reading_.rcode |= remainder.high_rcode << 4U;
        if (reading_.rcode >= rcode_bad_version)
            return unusable(concat("answered ", rcode_name(reading_.rcode)));
        if (remainder.has_soa || header_.is(flag_authoritative | flag_recursion_available))
            return true;
        return unusable(concat(otherwise, ", and is neither authoritative nor recursive"));
    }

    std::string_view message_;
    const Question& question_;
    Reading<Record> reading_;
    Cursor cursor_;
    std::uint16_t id_ = 0;
    unsigned questions_ = 0;
    Header header_;
};

}  // namespace

std::string make_query(const Question& question) {
    std::string bytes;
    bytes.reserve(header_size + question.name.ascii().size() + 6 + opt_size);
    append_u16(bytes, question.id);
    append_u16(bytes, flag_recursion_desired | flag_authentic);
    append_u16(bytes, 1);
    bytes.append(4, '\0');  // no answer, no authority
    append_u16(bytes, question.edns ? 1 : 0);
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
    if (question.edns) {
        // RFC 6891 6.1.2: the root, OPT, the size we take, no extended code, version or flag.
        bytes += '\0';
        append_u16(bytes, type_opt);
        append_u16(bytes, edns_size);
        bytes.append(6, '\0');
    }
    return bytes;
}

Reading<Mx> read_mx(std::string_view message, const Question& question, int aliases) {
    return Reader<Mx>(message, question, aliases).read();
}

Reading<IpAddress> read_addresses(std::string_view message, const Question& question,
                                  int aliases) {
    return Reader<IpAddress>(message, question, aliases).read();
}

bool is_bare_refusal(std::string_view message) {
    if (message.size() != header_size) return false;
    const unsigned rcode = static_cast<unsigned char>(message[3]) & rcode_mask;
    return rcode != rcode_no_error && rcode != rcode_no_such_name;
}

std::string rcode_name(unsigned rcode) {
    constexpr std::array<std::string_view, 6> names{"NOERROR",  "FORMERR", "SERVFAIL",
                                                    "NXDOMAIN", "NOTIMP",  "REFUSED"};
    if (rcode < names.size()) return std::string(names[rcode]);
    if (rcode == rcode_bad_version) return "BADVERS";
    return concat("response code ", rcode);
}

}  // namespace tern::dns

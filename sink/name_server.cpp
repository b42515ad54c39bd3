// DNS messages as far as a few records need them.
#include "sink/name_server.hpp"

#include <array>
#include <cstddef>
#include <optional>

#include <arpa/inet.h>

#include "sink/ascii.hpp"

namespace tern::sink {

namespace {

constexpr std::uint16_t type_a = 1;
constexpr std::uint16_t type_mx = 15;
constexpr std::uint16_t type_aaaa = 28;
constexpr std::uint16_t type_opt = 41;
constexpr std::uint16_t type_any = 255;
constexpr std::uint16_t class_in = 1;

constexpr unsigned code_malformed = 1;
constexpr unsigned code_no_such_name = 3;
constexpr unsigned code_not_done = 4;

constexpr std::size_t header_size = 12;
constexpr std::size_t plain_limit = 512;      // RFC 1035 4.2.1
constexpr std::size_t extended_limit = 1232;  // what passes every path unfragmented
constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_name = 253;
constexpr std::uint32_t time_to_live = 60;

void put16(std::string& to, unsigned value) {
    to += static_cast<char>(value >> 8U & 0xffU);
    to += static_cast<char>(value & 0xffU);
}

unsigned get16(std::string_view from, std::size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(from[at])) << 8U |
           static_cast<unsigned char>(from[at + 1]);
}

std::string lower_name(std::string_view name) {
    if (!name.empty() && name.back() == '.') name.remove_suffix(1);
    std::string made(name);
    for (char& c : made)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return made;
}

// RFC 1035 3.1: labels after their lengths, the root last. The root alone is ".".
std::optional<std::string> wire_name(std::string_view name) {
    std::string made;
    std::string_view rest = name == "." ? std::string_view() : name;
    if (rest.size() > longest_name) return std::nullopt;
    while (!rest.empty()) {
        const std::string_view label = rest.substr(0, rest.find('.'));
        if (label.empty() || label.size() > longest_label) return std::nullopt;
        made += static_cast<char>(label.size());
        made += label;
        rest.remove_prefix(label.size());
        if (rest.size() == 1) return std::nullopt;
        if (!rest.empty()) rest.remove_prefix(1);
    }
    made += '\0';
    return made;
}

struct Question {
    std::string name;
    unsigned type = 0;
    unsigned kind = 0;
    std::size_t end = 0;
    bool extended = false;  // an OPT record follows, RFC 6891
};

std::optional<Question> parse_question(std::string_view query) {
    if (get16(query, 4) != 1) return std::nullopt;
    Question made;
    std::size_t at = header_size;
    for (;;) {
        if (at >= query.size()) return std::nullopt;
        const std::size_t length = static_cast<unsigned char>(query[at++]);
        if (length == 0) break;
        if (length > longest_label || at + length > query.size()) return std::nullopt;
        if (!made.name.empty()) made.name += '.';
        made.name += lower_name(query.substr(at, length));
        at += length;
        if (made.name.size() > longest_name) return std::nullopt;
    }
    if (at + 4 > query.size()) return std::nullopt;
    made.type = get16(query, at);
    made.kind = get16(query, at + 2);
    made.end = at + 4;
    made.extended = get16(query, 10) == 1 && made.end + 3 <= query.size() && query[made.end] == 0 &&
                    get16(query, made.end + 1) == type_opt;
    return made;
}

// Same flags in every answer: a response, authoritative, recursion as asked for and available.
std::string header(std::string_view query, unsigned code, bool has_question) {
    constexpr unsigned response_flags = 0x8480;
    constexpr unsigned recursion_desired = 0x0100;
    std::string made(query.substr(0, 2));
    put16(made, response_flags | (get16(query, 2) & recursion_desired) | code);
    put16(made, has_question ? 1 : 0);
    for (int i = 0; i < 3; ++i) put16(made, 0);
    return made;
}

}  // namespace

bool NameServer::add(std::string_view record) {
    const std::size_t equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0) return false;
    const std::string name = lower_name(record.substr(0, equals));
    if (!wire_name(name)) return false;
    std::string_view value = record.substr(equals + 1);
    Record made{type_a, {}};
    const std::string address(value);
    std::array<char, 16> bytes{};
    if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) {
        made.data.assign(bytes.data(), 4);
    } else if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) {
        made.type = type_aaaa;
        made.data.assign(bytes.data(), bytes.size());
    } else {
        if (take_word(value) != "MX") return false;
        const auto preference = number(take_word(value), 65535);
        const auto exchanger = wire_name(value == "." ? value : lower_name(value));
        if (!preference || !exchanger || value.empty()) return false;
        made.type = type_mx;
        put16(made.data, static_cast<unsigned>(*preference));
        made.data += *exchanger;
    }
    names_[name].push_back(made);
    return true;
}

std::string NameServer::answer(std::string_view query) const {
    constexpr unsigned is_response = 0x8000;
    constexpr unsigned operation = 0x7800;
    constexpr unsigned truncated = 0x02;
    if (query.size() < header_size || (get16(query, 2) & is_response) != 0) return {};
    if ((get16(query, 2) & operation) != 0) return header(query, code_not_done, false);
    const std::optional<Question> question = parse_question(query);
    if (!question) return header(query, code_malformed, false);
    const auto found = names_.find(question->name);
    std::string made = header(query, found == names_.end() ? code_no_such_name : 0, true);
    made += query.substr(header_size, question->end - header_size);
    constexpr std::size_t opt_size = 11;
    const std::size_t room = question->extended ? extended_limit - opt_size : plain_limit;
    unsigned count = 0;
    if (found != names_.end() && question->kind == class_in)
        for (const Record& record : found->second) {
            if (record.type != question->type && question->type != type_any) continue;
            std::string bytes;
            put16(bytes, 0xc000U | header_size);  // RFC 1035 4.1.4: the question's name
            put16(bytes, record.type);
            put16(bytes, class_in);
            put16(bytes, time_to_live >> 16U);
            put16(bytes, time_to_live & 0xffffU);
            put16(bytes, static_cast<unsigned>(record.data.size()));
            bytes += record.data;
            if (made.size() + bytes.size() > room) {
                made[2] = static_cast<char>(static_cast<unsigned char>(made[2]) | truncated);
                break;
            }
            made += bytes;
            ++count;
        }
    made[7] = static_cast<char>(count);
    if (question->extended) {
        made += '\0';
        put16(made, type_opt);
        put16(made, extended_limit);
        for (int i = 0; i < 3; ++i) put16(made, 0);
        made[11] = 1;
    }
    return made;
}

}  // namespace tern::sink

// Reads a file of smtproutes.d; see route_file.hpp.
#include "routing/route_file.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/lines.hpp"
#include "base/text.hpp"
#include "routing/control_lines.hpp"
#include "routing/host_port.hpp"

namespace tern::routing {
namespace {

enum Key : std::size_t { relay, port, clientcert, clientkey, outgoingip, outgoingip6 };
constexpr std::array<std::string_view, 6> key_names{"relay",     "port",       "clientcert",
                                                    "clientkey", "outgoingip", "outgoingip6"};

struct Value {
    std::string_view text;
    std::size_t line = 0;  ///< 0: the key is not there
};

class Reader {
public:
    explicit Reader(const RouteFiles::OfDomain& file) : file_(file), mistakes_(file.path) {}

    RouteFile read() {
        for (Lines lines(file_.content); lines.next();) take(lines.line(), lines.number());
        read_relay();
        read_certificate();
        result_.source_ipv4 = read_source(outgoingip, Family::ipv4);
        result_.source_ipv6 = read_source(outgoingip6, Family::ipv6);
        result_.source_ipv4_line = values_[outgoingip].line;
        result_.source_ipv6_line = values_[outgoingip6].line;
        result_.mistakes = mistakes_.take();
        const auto line = [](const Mistake& mistake) { return mistake.origin.line; };
        std::ranges::stable_sort(result_.mistakes, {}, line);
        return std::move(result_);
    }

private:
    void defer(std::size_t line, std::string what) {
        mistakes_.add_deferring(line, std::move(what));
    }

    void take(std::string_view line, std::size_t number) {
        line = trim(line);
        if (is_blank_or_comment(line)) return;
        const std::size_t equals = line.find('=');
        if (equals == line.npos) return defer(number, "the line has no = (write key=value)");
        const std::string_view name = trim_end(line.substr(0, equals));
        const auto found = std::ranges::find_if(
            key_names, [name](std::string_view key) { return equal_ignoring_case(key, name); });
        if (found == key_names.end())
            return defer(number, concat(in_quotes(name.substr(0, name.find(':'))),
                                        " is not a key of this file (the keys are relay, port, "
                                        "clientcert, clientkey, outgoingip and outgoingip6)"));
        Value& value = values_[static_cast<std::size_t>(found - key_names.begin())];
        if (value.line != 0)
            return defer(number, concat(*found, " is already set in line ", value.line,
                                        " (remove one of the two)"));
        value = Value{trim_start(line.substr(equals + 1)), number};
    }

    void read_relay() {
        const Value& named = values_[relay];
        const Value& asked = values_[port];
        RelayDefaults defaults;
        if (asked.line != 0) {
            const std::optional<std::uint16_t> number = parse_port(asked.text);
            if (!number)
                defer(asked.line, "port is not a number from 1 to 65535");
            // Exchangers take mail at port 25.
            else if (named.text.empty())
                defer(asked.line, "port is set without a relay (write relay=name, or "
                                  "relay=name/mx for the exchangers of a name)");
            else defaults.port = *number;
        }
        if (named.line == 0) return;
        result_.relay_line = named.line;
        auto list = parse_relay_list(named.text, defaults);
        if (!list) return defer(named.line, std::move(list.error()));
        result_.list = std::move(*list);
        if (!result_.list.ignored.empty()) mistakes_.add_ignored(named.line, result_.list.ignored);
    }

    void read_certificate() {
        const Value& certificate = values_[clientcert];
        const Value& key = values_[clientkey];
        if (certificate.line != 0 && certificate.text.empty())
            defer(certificate.line, "clientcert names no file");
        if (key.line != 0 && key.text.empty()) defer(key.line, "clientkey names no file");
        if (key.line != 0 && certificate.line == 0)
            defer(key.line, "clientkey is set without clientcert");
        result_.certificate_file = certificate.text;
        result_.key_file = key.text;
    }

    std::optional<IpAddress> read_source(Key key, Family family) {
        const Value& value = values_[key];
        if (value.line == 0) return std::nullopt;
        const std::optional<IpAddress> address = parse_address(value.text);
        if (address && address->family() == family) return address;
        const bool ipv4 = family == Family::ipv4;
        defer(value.line,
              concat(in_quotes(value.text), " is not an IPv", ipv4 ? 4 : 6, " address (",
                     ipv4 ? "use outgoingip6 for IPv6" : "use outgoingip for IPv4", ")"));
        return std::nullopt;
    }

    const RouteFiles::OfDomain& file_;
    std::array<Value, key_names.size()> values_{};
    MistakeList mistakes_;
    RouteFile result_;
};

}  // namespace

RouteFile parse_route_file(const RouteFiles::OfDomain& file) { return Reader(file).read(); }

}  // namespace tern::routing

// resolv.conf(5); see resolv_conf.hpp.
#include "os/resolv_conf.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

#include "base/ascii.hpp"
#include "base/lines.hpp"
#include "base/text.hpp"
#include "os/descriptor.hpp"
#include "os/error_words.hpp"

namespace tern::os {
namespace {

constexpr std::size_t most_servers = 3;    // MAXNS of <resolv.h>
constexpr std::uint64_t most_seconds = 30;  // RES_MAXRETRANS
constexpr std::uint64_t most_attempts = 5;  // RES_MAXRETRY
constexpr std::size_t longest_file = 65536;

// libc ends an address at a comment as well.
std::optional<NameServer> parse_server(std::string_view word) {
    word = word.substr(0, word.find_first_of(";#"));
    const std::size_t percent = word.find('%');
    const std::optional<IpAddress> address = IpAddress::parse(word.substr(0, percent));
    if (!address) return std::nullopt;
    NameServer server;
    server.address = *address;
    if (percent != word.npos) server.zone = word.substr(percent + 1);
    return server;
}

std::optional<std::uint64_t> number_after(std::string_view option, std::string_view name,
                                          std::uint64_t most) {
    if (!option.starts_with(name)) return std::nullopt;
    const std::optional<std::uint64_t> number = leading_number(option.substr(name.size()), most);
    if (!number) return std::nullopt;
    return std::max<std::uint64_t>(*number, 1);
}

void apply_option(std::string_view option, ResolvConf& conf) {
    if (option == "rotate") conf.rotate = true;
    if (const auto seconds = number_after(option, "timeout:", most_seconds))
        conf.timeout = std::chrono::seconds(*seconds);
    if (const auto attempts = number_after(option, "attempts:", most_attempts))
        conf.attempts = static_cast<int>(*attempts);
}

Failure unreadable(const std::string& path) {
    return Failure(Stage::routing, Cause::name_service,
                   concat("cannot read ", path, ": ", error_words(errno)));
}

}  // namespace

ResolvConf parse_resolv_conf(std::string_view text) {
    ResolvConf conf;
    for (Lines lines(text); lines.next();) {
        std::string_view line = lines.line();
        // libc knows its words at the beginning of a line only.
        if (line.empty() || blanks.find(line.front()) != blanks.npos) continue;
        const std::string_view word = next_word(line);
        if (word == "nameserver" && conf.servers.size() < most_servers) {
            if (const std::optional<NameServer> server = parse_server(next_word(line)))
                conf.servers.push_back(*server);
        } else if (word == "options") {
            for (std::string_view option = next_word(line); !option.empty();
                 option = next_word(line))
                apply_option(option, conf);
        }
    }
    if (conf.servers.empty())
        conf.servers.push_back(NameServer{IpAddress::ipv4({127, 0, 0, 1}), ""});
    return conf;
}

Result<ResolvConf> read_resolv_conf(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        if (errno == ENOENT || errno == ENOTDIR) return parse_resolv_conf("");
        return tl::unexpected<Failure>(unreadable(path));
    }
    std::string content;
    std::array<char, 4096> block{};
    while (content.size() < longest_file) {
        const ssize_t got = ::read(file.get(), block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return tl::unexpected<Failure>(unreadable(path));
        if (got == 0) break;
        content.append(block.data(), static_cast<std::size_t>(got));
    }
    return parse_resolv_conf(content);
}

}  // namespace tern::os

// Control files: smtproutes with any host, and the readers of lines, numbers and lists.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "control/control_file.hpp"
#include "fuzz/tools.hpp"
#include "routing/next_hop.hpp"

namespace {

using tern::fuzz::expect;

void read_routes(std::string_view file, std::string_view host) {
    tern::routing::RouteFiles files;
    files.smtproutes = file;
    const auto route = tern::routing::find_route(files, host, "alice@sender.example");
    if (!route) return expect(!route.error().detail.empty());
    const auto lines = static_cast<std::size_t>(std::count(file.begin(), file.end(), '\n')) + 1;
    expect(route->origin.line <= lines);
    const auto hops = tern::routing::next_hops(*route, host);
    if (!hops) return expect(!hops.error().detail.empty() || host.empty());
    expect(!hops->empty());
    for (const auto& hop : *hops)
        if (const auto* relay = std::get_if<tern::routing::Relay>(&hop)) expect(relay->port != 0);
}

void read_files(std::string_view file) {
    static const int fd = ::memfd_create("control", 0);
    static const std::string path = tern::concat("/proc/self/fd/", fd);
    expect(fd >= 0 && ::ftruncate(fd, 0) == 0);
    expect(::pwrite(fd, file.data(), file.size(), 0) == static_cast<ssize_t>(file.size()));
    const auto whole = tern::control::read_file(path);
    expect(whole && *whole && **whole == file);
    const auto line = tern::control::read_line(path);
    expect(line && *line && (*line)->find('\n') == std::string::npos);
    expect((*line)->empty() ||
           std::string_view(" \t\r").find((*line)->back()) == std::string::npos);
    const auto number = tern::control::read_number(path, 60, 1000);
    expect(number && *number <= 1000);
    const auto list = tern::control::read_list(path, '\n');
    expect(list.has_value());
    std::string_view rest = *list;
    while (!rest.empty()) {
        const std::string_view entry = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
        expect(!entry.empty() && entry.front() != '#' && entry.back() != ' ');
    }
}

}  // namespace

// The host is what comes before the first NUL.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::string_view host = bytes.substr(0, bytes.find('\0'));
    const std::string_view file = bytes.substr(std::min(size, host.size() + 1));
    read_routes(file, host);
    read_files(file);
    return 0;
}

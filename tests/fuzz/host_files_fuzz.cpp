// Files of the host that are not qmail's, and words on their way to a terminal: resolv.conf, dpkg's
// status, passwd. What is read is within its limits, what is shown is one line of plain text.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ascii.hpp"
#include "explain/check/package_version.hpp"
#include "explain/show/printable.hpp"
#include "explain/check/reader.hpp"
#include "explain/show/wrap.hpp"
#include "fuzz/tools.hpp"
#include "os/home.hpp"
#include "os/resolv_conf.hpp"

namespace {

using namespace tern;
using tern::fuzz::expect;

void judge_resolv_conf(std::string_view input) {
    const os::ResolvConf conf = os::parse_resolv_conf(input);
    expect(!conf.servers.empty() && conf.servers.size() <= 3);
    expect(conf.attempts >= 1 && conf.attempts <= 5);
    expect(conf.timeout >= std::chrono::seconds(1) && conf.timeout <= std::chrono::seconds(30));
    for (const os::NameServer& server : conf.servers) expect(server.port == 53);
}

void judge_packages(std::string_view input) {
    const auto all = [](std::string_view) { return true; };
    for (const explain::InstalledPackage& package : explain::installed_packages(input, all)) {
        expect(!package.name.empty() && package.name.find('\n') == std::string::npos);
        expect(package.version.find('\n') == std::string::npos);
    }
    // An order, whatever is compared.
    const std::size_t middle = input.find('\n');
    if (middle == std::string_view::npos) return;
    const std::string_view a = input.substr(0, middle);
    const std::string_view b = input.substr(middle + 1);
    expect(explain::compare_versions(a, a) == std::strong_ordering::equal);
    expect((explain::compare_versions(a, b) < 0) == (explain::compare_versions(b, a) > 0));
}

void judge_words(std::string_view input) {
    const std::string shown = explain::printable(input);
    expect(shown.size() <= explain::longest_shown + 3);
    expect(std::ranges::none_of(shown, is_control));
    if (shown.size() <= explain::longest_shown) expect(explain::printable(shown) == shown);
    for (const std::string& line : explain::printable_lines(input))
        expect(std::ranges::none_of(line, is_control));
    std::string before(input);
    std::string after = explain::wrapped(input, 72);
    for (std::string* words : {&before, &after}) {
        // Blanks alone come and go.
        std::erase_if(*words, [](char c) { return c == ' ' || c == '\n'; });
    }
    expect(before == after);
}

void judge_home(std::string_view input) {
    const auto home = os::home_of_program(input);
    if (home) expect(home->starts_with('/') && input.starts_with(*home));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    judge_resolv_conf(input);
    judge_packages(input);
    judge_words(input);
    judge_home(input);
    const std::string_view name = input.substr(0, input.find('\n'));
    const auto who = explain::find_local_user(input.substr(std::min(size, name.size() + 1)), name);
    if (who) expect(!who->name.empty());
    return 0;
}

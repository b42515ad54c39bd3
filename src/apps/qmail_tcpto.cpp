// qmail-tcpto(8): prints the tables of hosts that time out. Its output is read by scripts: one line
// for each host as qmail has it, its own trouble on standard output as well.
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "os/tcpto_records.hpp"
#include "os/home.hpp"
#include "os/standard_descriptors.hpp"
#include "os/poll_reactor.hpp"
#include "os/system_clock.hpp"
#include "os/tcpto_table.hpp"

namespace {

using namespace tern;

constexpr int trouble_status = 111;
constexpr auto lock_timeout = std::chrono::seconds(60);

int die(std::string_view what, const Failure& why) {
    os::write_report(concat("fatal: unable to ", what, ": ", why.detail, "\n"));
    return trouble_status;
}

namespace backoff = os::backoff;

std::string lines(os::TcptoBytes content, const backoff::Layout& layout,
                  std::chrono::seconds now) {
    std::string lines;
    for (std::size_t i = 0; i < backoff::most_records; ++i) {
        const auto entry = backoff::entry(content, i, layout);
        if (!entry) continue;
        const auto ago = std::max(now - entry->when, std::chrono::seconds(0));
        if (layout.family == Family::ipv6 && ago >= backoff::longest_silence) continue;
        lines += concat(entry->address.to_string(), " timed out ", ago.count(),
                        " seconds ago; # recent timeouts: ", entry->count, "\n");
    }
    return lines;
}

int print(const std::string& directory, std::string_view name, const backoff::Layout& layout) {
    Result<os::TcptoTable> file = os::TcptoTable::open(concat(directory, "/", name));
    if (!file) return die(concat("open ", name), file.error());
    const os::SystemClock clock;
    os::PollReactor reactor(clock);
    const Result<Done> locked = file->lock(reactor, clock, lock_timeout).run();
    if (!locked) return die(concat("lock ", name), locked.error());
    const Result<os::TcptoBytes> content = file->read(layout);
    if (!content) return die(concat("read ", name), content.error());
    os::write_report(lines(*content, layout, clock.since_epoch()));
    return 0;
}

int run() {
    const Result<std::string> home = os::home_directory();
    if (!home) return die("chdir", home.error());
    const std::string directory = *home + "/queue/lock";
    const int status = print(directory, "tcpto", backoff::tcpto);
    // Whoever has no such table remembers no IPv6 address.
    if (::access((directory + "/tcpto6").c_str(), F_OK) != 0) return status;
    return std::max(status, print(directory, "tcpto6", backoff::tcpto6));
}

}  // namespace

int main() {
    if (!os::fill_standard_descriptors()) return trouble_status;
    return run();
}

// qmail-tcpto(8): prints the table of hosts that time out. Its output is read by scripts: one line
// for each host as qmail has it, its own trouble on standard output as well.
#include <algorithm>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "delivery/backoff.hpp"
#include "os/home.hpp"
#include "os/standard_descriptors.hpp"
#include "os/system_clock.hpp"
#include "os/tcpto_table.hpp"

namespace {

using namespace tern;

constexpr int trouble_status = 111;
constexpr auto lock_patience = std::chrono::seconds(60);

int die(std::string_view what, const Failure& why) {
    os::write_report(text("fatal: unable to ", what, ": ", why.detail, "\n"));
    return trouble_status;
}

std::string lines(os::TcptoBytes content, std::chrono::seconds now) {
    namespace backoff = delivery::backoff;
    std::string lines;
    for (std::size_t i = 0; i < content.size / backoff::record_size; ++i) {
        const auto entry = backoff::entry(content.table(), i);
        if (!entry) continue;
        const auto ago = std::max(now - entry->when, std::chrono::seconds(0));
        lines += text(entry->address.to_string(), " timed out ", ago.count(),
                      " seconds ago; # recent timeouts: ", entry->count, "\n");
    }
    return lines;
}

int run() {
    const Result<std::string> home = os::home_directory();
    if (!home) return die("chdir", home.error());
    Result<os::TcptoTable> file = os::TcptoTable::open(*home + "/queue/lock/tcpto");
    if (!file) return die("open tcpto", file.error());
    const Result<Done> locked = file->lock(lock_patience);
    if (!locked) return die("lock tcpto", locked.error());
    const Result<os::TcptoBytes> content = file->read();
    if (!content) return die("read tcpto", content.error());
    os::write_report(lines(*content, os::SystemClock().since_epoch()));
    return 0;
}

}  // namespace

int main() {
    if (!os::fill_standard_descriptors()) return trouble_status;
    return run();
}

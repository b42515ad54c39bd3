// qmail-tcpok(8): forgets all hosts that time out, by filling their tables with zeros.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "os/tcpto_records.hpp"
#include "os/home.hpp"
#include "os/standard_descriptors.hpp"
#include "os/tcpto_table.hpp"
#include "os/poll_reactor.hpp"
#include "os/system_clock.hpp"

namespace {

using namespace tern;

constexpr int trouble_status = 111;
constexpr auto lock_timeout = std::chrono::seconds(60);

int die(std::string_view what, const Failure& why) {
    const std::string words =
        concat("qmail-tcpok: fatal: unable to ", what, ": ", why.detail, "\n");
    std::fputs(words.c_str(), stderr);
    return trouble_status;
}

int clear(const std::string& path, const os::backoff::Layout& layout) {
    Result<os::TcptoTable> file = os::TcptoTable::open(path);
    if (!file) return die("write " + path, file.error());
    const os::SystemClock clock;
    os::PollReactor reactor(clock);
    const Result<Done> locked = file->lock(reactor, clock, lock_timeout).run();
    if (!locked) return die("lock " + path, locked.error());
    // Looked at first: a longer table is another program's, its records are not ours to clear.
    const Result<os::TcptoBytes> content = file->read(layout);
    if (!content) return die("read " + path, content.error());
    // qmail: the table gets its full size here, whatever it had; that is what switches it on.
    constexpr std::array<unsigned char, os::backoff::tcpto6.largest_table()> zeros{};
    const Result<Done> written = file->write(std::span(zeros).first(layout.largest_table()), 0);
    if (!written) return die("write " + path, written.error());
    return 0;
}

int run() {
    const Result<std::string> home = os::home_directory();
    if (!home) return die("chdir", home.error());
    const std::string path = *home + "/queue/lock/tcpto";
    const int status = clear(path, os::backoff::tcpto);
    // It is not created here: a host without one remembers no IPv6 address.
    if (::access((path + "6").c_str(), F_OK) != 0) return status;
    return std::max(status, clear(path + "6", os::backoff::tcpto6));
}

}  // namespace

int main() {
    if (!os::fill_standard_descriptors()) return trouble_status;
    return run();
}

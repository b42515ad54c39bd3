// qmail-remote(8): builds the world, runs one delivery, writes its report, exits 0. Exit statuses
// are verdicts to qmail-rspawn: any other one would bounce the mail.
#include <cerrno>
#include <csignal>
#include <exception>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "base/text.hpp"
#include "control/read_settings.hpp"
#include "control/server_files.hpp"
#include "delivery/deliver.hpp"
#include "os/cares_resolver.hpp"
#include "os/dialer.hpp"
#include "os/error_words.hpp"
#include "os/home.hpp"
#include "os/local_addresses.hpp"
#include "os/message_file.hpp"
#include "os/no_core_dump.hpp"
#include "os/standard_descriptors.hpp"
#include "os/poll_reactor.hpp"
#include "os/system_clock.hpp"
#include "os/system_random.hpp"
#include "os/tcpto_file.hpp"

namespace {

using namespace tern;

std::string report_of(const Failure& failure) {
    delivery::Report report;
    report.letter = delivery::letter_before_any_server(failure);
    report.text = delivery::failure_text(failure);
    return delivery::render(report);
}

// Success is the working directory being qmail's home.
Result<Done> go_home() {
    const Result<std::string> home = os::home_directory();
    if (!home) return tl::unexpected<Failure>(home.error());
    if (::chdir(home->c_str()) == 0) return Done();
    return fail(Stage::start, Cause::home, concat(*home, ": ", os::error_words(errno)));
}

// The texts of the files of routes are wiped once the route is known: it then has the only copy of
// its password. They are moved out, for an empty text assigned to one would leave its bytes.
Result<routing::Route> take_route(routing::Settings& settings, std::string_view host,
                                  std::string_view sender) {
    const routing::RouteFiles files = std::move(settings.routes);
    return routing::find_route(files, host, sender);
}

std::string deliver(std::string_view host, std::string_view sender,
                    std::span<const std::string_view> recipients, bool& end_of_data_written) {
    const Result<Done> at_home = go_home();
    if (!at_home) return report_of(at_home.error());
    const control::Listing control_names("control");
    Result<routing::Settings> settings =
        control::read_settings(host, control_names);
    if (!settings) return report_of(settings.error());
    if (settings->routes.hold_passwords) os::forbid_core_dumps();
    Result<routing::Route> route = take_route(*settings, host, sender);

    os::SystemClock clock;
    os::PollReactor reactor(clock);
    os::SystemRandom random;
    os::CaresResolver resolver(reactor, clock, random);
    os::SocketConnector connector(reactor, clock);
    os::Dialer dialer(connector, reactor, clock);
    os::TcptoFile backoff("queue/lock/tcpto", reactor, clock, random);
    os::LocalAddresses local_addresses;
    control::ServerFileReader rules(control_names);
    os::MessageFile message(STDIN_FILENO, reactor);
    Environment environment{clock, random, resolver, dialer, backoff, local_addresses, rules};
    const delivery::DeliveryRequest request{host, sender, recipients, message};
    Result<delivery::Report> report =
        delivery::deliver(environment, *settings, std::move(route), request, end_of_data_written)
            .run();
    return report ? delivery::render(*report) : report_of(report.error());
}

// Told with what is there already: there may be no memory for more.
std::string_view report_of_exception(bool no_memory, bool end_of_data_written) {
    using namespace std::string_view_literals;
    if (end_of_data_written)
        return "ZConnected to the server but connection died. Possible duplicate! "
               "qmail-remote failed before it processed the server's reply. (#4.3.0)\n\0"sv;
    return no_memory ? "ZOut of memory. (#4.3.0)\n\0"sv
                     : "ZInternal error: this is a bug in qmail-remote. (#4.3.0)\n\0"sv;
}

// The home is the last word: an operator sees which one a program takes, and tern-drop-in(8) proves
// it, by running it without arguments.
std::string usage() {
    using namespace std::string_view_literals;
    const Result<std::string> home = os::home_directory();
    return concat(
        "DI (qmail-remote) was invoked improperly. (#5.3.5)\n"
        "usage: qmail-remote host sender recip [recip ...] < message; see qmail-remote(8), "
        "\"man qmail-remote\"; home ",
        home ? *home : home.error().detail, "\n\0"sv);
}

void run(int count, char** words) {
    using namespace std::string_view_literals;
    const bool message_is_there = os::standard_input_is_readable();
    // contract.md#standard-output: the caller sends again what it never reads a report of.
    if (!os::standard_output_is_writable()) return;
    if (!os::fill_standard_descriptors()) return;
    constexpr int fewest = 4;  // qmail-remote host sender recip
    bool end_of_data_written = false;
    try {
        if (count < fewest) return os::write_report(usage());
        if (!message_is_there)
            return os::write_report(
                "ZUnable to read message: standard input is not open for reading. (#4.3.0)\n\0"sv);
        const std::vector<std::string_view> recipients(words + 3, words + count);
        os::write_report(deliver(words[1], words[2], recipients, end_of_data_written));
    } catch (const std::bad_alloc&) {
        os::write_report(report_of_exception(true, end_of_data_written));
    } catch (const std::exception&) {
        os::write_report(report_of_exception(false, end_of_data_written));
    }
}

}  // namespace

int main(int count, char** words) {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    run(count, words);
    return 0;
}

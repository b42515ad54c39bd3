// tern(8): shows what a delivery would do. Reads the options, builds the same world as
// qmail-remote, asks one of explain's questions and shows the answer. It sends no mail and changes
// nothing.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>
#include <vector>

// g++ 12 takes a growing vector within CLI11 for a null pointer.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnull-dereference"
#include <CLI/CLI.hpp>
#pragma GCC diagnostic pop

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/ascii.hpp"
#include "base/build_info.hpp"
#include "base/text.hpp"
#include "control/control_file.hpp"
#include "control/read_settings.hpp"
#include "control/server_files.hpp"
#include "explain/check/check.hpp"
#include "explain/show/printable.hpp"
#include "explain/probe/probe.hpp"
#include "explain/probe/probe_views.hpp"
#include "explain/route/route.hpp"
#include "explain/show/wrap.hpp"
#include "os/cares_resolver.hpp"
#include "os/dialer.hpp"
#include "os/error_words.hpp"
#include "os/home.hpp"
#include "os/local_addresses.hpp"
#include "os/no_core_dump.hpp"
#include "os/standard_descriptors.hpp"
#include "os/poll_reactor.hpp"
#include "os/system_clock.hpp"
#include "os/system_random.hpp"
#include "os/tcpto_file.hpp"

namespace {

using namespace tern;

// tern(8), EXIT STATUS.
constexpr int all_is_well = 0;
constexpr int answer_is_bad = 1;
constexpr int wrong_usage = 2;
constexpr int trouble_here = 111;

struct Options {
    bool json = false;
    std::string colour = "auto";
    bool only_ipv4 = false;
    bool only_ipv6 = false;
    std::uint32_t timeout = 60;

    std::string target;
    bool by_mx = false;
    bool all = false;
    std::string sender;
    std::string trust_file;

    std::vector<std::string> recipients;

    std::string user = "qmailr";
    bool user_given = false;
};

/// Everything outside, as qmail-remote has it.
struct Surroundings {
    os::SystemClock clock;
    os::PollReactor reactor{clock};
    os::SystemRandom random;
    os::CaresResolver resolver{reactor, clock, random};
    os::SocketConnector connector{reactor, clock};
    os::Dialer dialer{connector, reactor, clock};
    os::TcptoFile backoff{"queue/lock/tcpto", reactor, clock, random};
    os::LocalAddresses local_addresses;
    control::ServerFileReader rules;
    Environment environment{clock, random, resolver, dialer, backoff, local_addresses, rules};
};

// Columns of the terminal on this descriptor; nothing where it is none.
std::optional<std::size_t> width_of_terminal(int descriptor) {
    if (::isatty(descriptor) != 1) return std::nullopt;
    constexpr std::uint64_t most = 10000;
    const char* const columns = std::getenv("COLUMNS");
    if (const auto asked = leading_number(columns == nullptr ? "" : columns, most).value_or(0);
        asked > 0)
        return static_cast<std::size_t>(asked);
    struct winsize size {};
    if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
    return size.ws_col;
}

int complain(std::string_view words, int status) {
    std::string line = concat("tern: ", explain::printable(words), "\n");
    if (const auto width = width_of_terminal(STDERR_FILENO)) line = explain::wrapped(line, *width);
    std::fwrite(line.data(), 1, line.size(), stderr);
    return status;
}

// Without success when it cannot be written: a full disk or a closed pipe must not look like one.
int show(const Options& options, std::string answer, int status) {
    if (const auto width = width_of_terminal(STDOUT_FILENO); width && !options.json)
        answer = explain::wrapped(answer, *width);
    const bool written = std::fwrite(answer.data(), 1, answer.size(), stdout) == answer.size();
    if (written && std::fflush(stdout) == 0) return status;
    return complain(concat("cannot write: ", os::error_words(errno)), trouble_here);
}

explain::Paint paint_for(const Options& options) {
    const char* const unwanted = std::getenv("NO_COLOR");  // https://no-color.org
    if (options.colour != "auto") return explain::Paint(options.colour == "always");
    return explain::Paint((unwanted == nullptr || *unwanted == '\0') &&
                          ::isatty(STDOUT_FILENO) == 1);
}

Result<Done> go_home() {
    const Result<std::string> home = os::home_directory();
    if (!home) return tl::unexpected<Failure>(home.error());
    if (::chdir(home->c_str()) == 0) return Done();
    return fail(Stage::start, Cause::home, concat(*home, ": ", os::error_words(errno)));
}

// The settings as they are, but for what the options say otherwise.
Result<routing::Settings> settings_for(const Options& options, std::string_view host) {
    Result<routing::Settings> settings = control::read_settings(host);
    if (!settings) return settings;
    const Duration most = std::chrono::seconds(options.timeout);
    settings->timeout_connect = std::min(settings->timeout_connect, most);
    settings->timeout_remote = std::min(settings->timeout_remote, most);
    if (options.only_ipv4) settings->families = routing::FamilyChoice::ipv4_only;
    if (options.only_ipv6) settings->families = routing::FamilyChoice::ipv6_only;
    return settings;
}

int run_probe(const Options& options) {
    std::optional<routing::NextHop> hop = explain::read_target(options.target, options.by_mx);
    if (!hop)
        return complain(concat("\"", options.target,
                               "\" is not a host name, address or [address], "
                               "with :port or without; --mx needs a domain"),
                        wrong_usage);
    explain::ProbeQuestion question{std::move(*hop), options.sender, options.trust_file,
                                    options.all};
    if (!question.trust_file.empty())
        question.trust_file = std::filesystem::absolute(question.trust_file).string();
    if (const Result<Done> at_home = go_home(); !at_home)
        return complain(at_home.error().detail, trouble_here);
    const Result<routing::Settings> settings = settings_for(options, options.target);
    if (!settings) return complain(settings.error().detail, trouble_here);

    Surroundings surroundings;
    const Result<explain::Probe> probe =
        explain::probe(surroundings.environment, *settings, question).run();
    if (!probe) return complain(probe.error().detail, trouble_here);
    const std::string answer =
        options.json ? explain::probe_json(*probe)
                     : explain::probe_text(*probe, paint_for(options),
                                           surroundings.clock.since_epoch());
    return show(options, answer, probe->good() ? all_is_well : answer_is_bad);
}

// Recipients in groups of one host, in the order of each group's first.
std::vector<std::vector<std::string>> by_host(const std::vector<std::string>& recipients) {
    std::vector<std::vector<std::string>> groups;
    for (const std::string& recipient : recipients) {
        const std::string_view host = explain::host_of(recipient);
        const auto known = std::ranges::find_if(groups, [host](const auto& group) {
            return equal_ignoring_case(explain::host_of(group.front()), host);
        });
        if (known != groups.end()) known->push_back(recipient);
        else groups.emplace_back(1, recipient);
    }
    return groups;
}

int run_route(const Options& options) {
    if (const Result<Done> at_home = go_home(); !at_home)
        return complain(at_home.error().detail, trouble_here);
    const std::string sender = options.sender == "<>" ? std::string() : options.sender;
    Surroundings surroundings;
    std::vector<explain::PlannedRoute> routes;
    int status = all_is_well;
    for (std::vector<std::string>& recipients : by_host(options.recipients)) {
        const Result<routing::Settings> settings =
            settings_for(options, explain::host_of(recipients.front()));
        if (!settings) return complain(settings.error().detail, trouble_here);
        Result<explain::PlannedRoute> route =
            explain::plan_route(surroundings.environment, *settings, sender, std::move(recipients))
                .run();
        if (!route) return complain(route.error().detail, trouble_here);
        if (route->expectation() == delivery::Letter::rejected) status = answer_is_bad;
        else if (route->expectation() == delivery::Letter::deferred && status == all_is_well)
            status = trouble_here;
        routes.push_back(std::move(*route));
    }
    return show(options,
                options.json ? explain::routes_json(routes, sender)
                             : explain::routes_text(routes, paint_for(options)),
                status);
}

int run_check(const Options& options) {
    if (const Result<Done> at_home = go_home(); !at_home)
        return complain(at_home.error().detail, trouble_here);
    const Result<std::optional<std::string>> users = control::read_file("/etc/passwd");
    const explain::Reader reader(
        options.user,
        explain::find_local_user(users && *users ? **users : std::string(), options.user));
    if (!reader.knows_user() && options.user_given)
        return complain(concat("/etc/passwd has no user \"", options.user,
                               "\" (UID:GID may be given instead)"),
                        wrong_usage);
    os::SystemClock clock;
    os::LocalAddresses local_addresses;
    const std::vector<explain::Finding> findings =
        explain::check(reader, local_addresses, clock.since_epoch());
    const std::string answer = options.json ? explain::check_json(findings)
                                            : explain::check_text(findings, paint_for(options));
    return show(options, answer, explain::any_mistake(findings) ? answer_is_bad : all_is_well);
}

void add_output(CLI::App& command, Options& options) {
    command.add_flag("--json", options.json, "print JSON");
    command.add_option("--color", options.colour, "colour: auto, always or never")
        ->type_name("WHEN")
        ->check(CLI::IsMember({"auto", "always", "never"}));
}

void add_families(CLI::App& command, Options& options) {
    CLI::Option* const ipv4 = command.add_flag("-4", options.only_ipv4, "IPv4 only");
    command.add_flag("-6", options.only_ipv6, "IPv6 only")->excludes(ipv4);
}

CLI::App* add_probe(CLI::App& app, Options& options) {
    CLI::App* const probe =
        app.add_subcommand("probe", "connect to a server and show its replies, extensions and "
                                    "certificate");
    probe->add_option("HOST", options.target, "name or address, with :PORT where it is not 25")
        ->required()
        ->type_name("");
    probe->add_flag("--mx", options.by_mx, "HOST is a domain: connect to its exchangers");
    probe->add_flag("--all", options.all, "try every address of every server, not only the first");
    probe->add_option("--sender", options.sender, "connect as for mail from this sender")
        ->type_name("ADDRESS");
    probe->add_option("--ca", options.trust_file,
                      "verify the certificate with this PEM file or directory, as if it were in "
                      "tlshosts")
        ->type_name("FILE");
    probe
        ->add_option("--timeout", options.timeout,
                     "maximum time to wait for a connection or a reply")
        ->type_name("SECONDS")
        ->check(CLI::Range(1, 86400));
    add_families(*probe, options);
    add_output(*probe, options);
    return probe;
}

CLI::App* add_route(CLI::App& app, Options& options) {
    CLI::App* const route =
        app.add_subcommand("route", "show where mail would be sent, and why");
    route->add_option("SENDER", options.sender, "the envelope sender; \"\" or <> for bounces")
        ->required()
        ->type_name("");
    route->add_option("RECIPIENT", options.recipients, "addresses, or domains alone")
        ->required()
        ->type_name("");
    add_families(*route, options);
    add_output(*route, options);
    return route;
}

CLI::App* add_check(CLI::App& app, Options& options) {
    CLI::App* const check =
        app.add_subcommand("check", "read every control file and report each problem");
    check->add_option("--user", options.user, "the user that runs qmail-remote (qmailr)")
        ->type_name("NAME|UID:GID")
        ->each([&options](const std::string&) { options.user_given = true; });
    add_output(*check, options);
    return check;
}

// CLI11 would only say that a subcommand is missing.
int complain_of_command(std::string_view word) {
    return complain(concat(word.empty() ? std::string("no command given")
                                        : concat("unknown command \"", word, "\""),
                           "; the commands are route, check and probe (see tern --help)"),
                    wrong_usage);
}

int run(int count, char** words) {
    const std::string_view first = count > 1 ? words[1] : "";
    if (!first.starts_with('-') && first != "route" && first != "check" && first != "probe")
        return complain_of_command(first);
    Options options;
    CLI::App app("tern shows what a delivery by qmail-remote would do, see tern(8).", "tern");
    app.set_version_flag("--version", build_description("tern", tern_identification));
    app.require_subcommand(1);
    CLI::App* const route = add_route(app, options);
    CLI::App* const check = add_check(app, options);
    CLI::App* const probe = add_probe(app, options);
    try {
        app.parse(count, words);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? all_is_well : wrong_usage;
    }
    if (route->parsed()) return run_route(options);
    if (check->parsed()) return run_check(options);
    if (probe->parsed()) return run_probe(options);
    return wrong_usage;
}

}  // namespace

int main(int count, char** words) {
    std::signal(SIGPIPE, SIG_IGN);
    if (!os::fill_standard_descriptors()) return trouble_here;
    os::forbid_core_dumps();  // routes have passwords
    try {
        return run(count, words);
    } catch (const std::bad_alloc&) {
        return complain("out of memory", trouble_here);
    } catch (const std::exception& error) {
        return complain(error.what(), trouble_here);
    }
}

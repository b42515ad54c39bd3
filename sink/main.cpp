// tern-sink(8): reads the options, makes the sockets, runs the server until it is enough, sums up.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// g++ 12 takes a growing vector within CLI11 for a null pointer.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnull-dereference"
#include <CLI/CLI.hpp>
#pragma GCC diagnostic pop

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/build_info.hpp"
#include "sink/authority.hpp"
#include "sink/endpoint.hpp"
#include "sink/journal.hpp"
#include "sink/name_server.hpp"
#include "sink/option_values.hpp"
#include "sink/server.hpp"
#include "sink/server_context.hpp"

namespace {

using namespace tern::sink;

constexpr int trouble_status = 2;  // 1 says that something the clients did was wrong

struct Options {
    std::vector<std::string> listen;
    std::vector<std::string> tls_listen;
    std::vector<std::string> qmtp_listen;
    std::vector<std::string> dns_listen;
    std::string ready_file;
    bool quiet = false;
    bool json = false;
    std::vector<std::string> self_signed;
    std::string ca_directory;
    std::string ca_file;
    KeyKind key_kind = KeyKind::ecdsa;
    int days = 30;
    std::vector<std::string> expected_digests;
    std::string expected_file;
    std::uint64_t seconds = 0;
    std::uint64_t delay = 0;
    std::uint64_t idle = 300;
    TlsSettings tls;
    Settings settings;
    JournalSettings journal;
    NameServer names;
};

// An option whose text is parsed by one of the functions of option_values.hpp.
template <typename Parse>
CLI::Option* add_parsed(CLI::App& app, const char* name, const char* form, const char* words,
                        Parse parse) {
    return app
        .add_option_function<std::vector<std::string>>(
            name,
            [parse, form](const std::vector<std::string>& values) {
                for (const std::string& value : values)
                    if (!parse(value))
                        throw CLI::ValidationError(value, "is not " + std::string(form));
            },
            words)
        ->type_name(form)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_serving(CLI::App& app, Options& options) {
    Settings& settings = options.settings;
    app.add_option("--listen", options.listen, "listen there for SMTP; port 0: any free one")
        ->type_name("ADDRESS:PORT");
    app.add_option("--tls-listen", options.tls_listen, "listen there for TLS from the first byte")
        ->type_name("ADDRESS:PORT");
    app.add_option("--qmtp-listen", options.qmtp_listen, "listen there for QMTP")
        ->type_name("ADDRESS:PORT");
    app.add_option("--ready-file", options.ready_file, "write what listens where, once it does")
        ->type_name("FILE");
    app.add_option("--name", settings.name, "host name in the greeting");
    app.add_option("--threads", settings.threads, "threads that serve")->check(CLI::Range(1, 64));
    app.add_flag("--awake", settings.awake,
                 "never sleep while a client is connected: waking up costs the sender time");
    app.add_option("--connections", settings.most_connections, "most connections at once");
    app.add_option("--idle", options.idle, "seconds of silence before a client is left");
    app.add_option("--messages", options.journal.enough_messages, "end after so many messages");
    app.add_option("--seconds", options.seconds, "end at the latest after so many seconds");
    app.add_option("--delay", options.delay, "milliseconds before each reply");
    add_parsed(app, "--dns", "NAME=ADDRESS or NAME=MX PREFERENCE EXCHANGER",
               "answer DNS queries for this name",
               [&](const std::string& value) { return options.names.add(value); });
    app.add_option("--dns-listen", options.dns_listen, "answer DNS queries there (127.0.0.1:53)")
        ->type_name("ADDRESS:PORT");
}

void add_protocol(CLI::App& app, Options& options) {
    Settings& settings = options.settings;
    add_parsed(
        app, "--with", "EXTENSION,...", "offer these extensions",
        [&](const std::string& value) { return switch_extensions(settings.offered, value, true); });
    add_parsed(app, "--without", "EXTENSION,...", "do not offer these extensions",
               [&](const std::string& value) {
                   return switch_extensions(settings.offered, value, false);
               });
    add_parsed(app, "--limits", "RCPTMAX=n,MAILMAX=n,RCPTDOMAINMAX=n", "offer and enforce LIMITS",
               [&](const std::string& value) {
                   settings.offered.set(Extension::limits);
                   return set_limits(settings.limits, value);
               });
    app.add_option("--max-size", settings.largest_message, "largest message in bytes")
        ->check(CLI::Range(std::uint64_t(1), std::uint64_t(1) << 50));
    app.add_option("--max-recipients", settings.most_recipients, "most recipients of a message");
    add_parsed(app, "--user", "NAME:PASSWORD", "offer AUTH and let this user in",
               [&](const std::string& value) {
                   settings.offered.set(Extension::auth);
                   return add_user(settings, value);
               });
    add_parsed(app, "--auth", "MECHANISM,...", "mechanisms of AUTH (CRAM-MD5,PLAIN,LOGIN)",
               [&](const std::string& value) { return set_mechanisms(settings, value); });
    app.add_flag("--auth-in-clear", settings.auth_in_clear, "offer AUTH without TLS as well");
    app.add_flag("--require-auth", settings.auth_required, "refuse MAIL without AUTH");
    app.add_flag("--require-tls", settings.tls_required, "refuse MAIL without TLS");
    add_parsed(app, "--reply", "STAGE=REPLY", "reply so at this stage; again: the next time",
               [&](const std::string& value) { return add_scripted_reply(settings, value); });
    add_parsed(app, "--reject-rcpt", "ADDRESS=REPLY", "refuse this recipient, @domain or *",
               [&](const std::string& value) { return add_rejected_recipient(settings, value); });
}

void add_tls(CLI::App& app, Options& options) {
    TlsSettings& tls = options.tls;
    const std::map<std::string, KeyKind> kinds = {
        {"ecdsa", KeyKind::ecdsa}, {"rsa", KeyKind::rsa}, {"ed25519", KeyKind::ed25519}};
    const std::map<std::string, int> versions = {{"1.0", TLS1_VERSION},
                                                 {"1.1", TLS1_1_VERSION},
                                                 {"1.2", TLS1_2_VERSION},
                                                 {"1.3", TLS1_3_VERSION}};
    app.add_option("--certificate", tls.certificate_file, "certificate chain, PEM");
    app.add_option("--key", tls.key_file, "its key, PEM; without: in the same file");
    app.add_option("--self-signed", options.self_signed,
                   "make a certificate for these names, signed by a throwaway authority")
        ->type_name("NAME")
        ->delimiter(',');
    app.add_option("--make-ca", options.ca_directory, "write the authority to DIR/ca.pem")
        ->type_name("DIR");
    app.add_option("--ca-file", options.ca_file, "write the authority to this file")
        ->type_name("FILE");
    app.add_option("--key-type", options.key_kind, "of the throwaway keys: ecdsa, rsa, ed25519")
        ->transform(CLI::CheckedTransformer(kinds, CLI::ignore_case));
    app.add_option("--days", options.days, "validity of the certificate; negative: expired");
    app.add_option("--tls-min", tls.oldest, "oldest version of TLS")
        ->transform(CLI::CheckedTransformer(versions));
    app.add_option("--tls-max", tls.newest, "newest version of TLS")
        ->transform(CLI::CheckedTransformer(versions));
    app.add_option("--ciphers", tls.ciphers, "for TLS 1.2 and below");
    app.add_option("--ciphersuites", tls.suites, "for TLS 1.3");
    app.add_option("--tickets", tls.tickets, "session tickets; 0: no resumption");
    app.add_flag("--ask-certificate", tls.asks_certificate, "ask clients for a certificate");
}

void add_keeping(CLI::App& app, Options& options) {
    BodySettings& body = options.settings.body;
    app.add_option("--log", options.journal.log, "append a JSON line for each message; -: stdout")
        ->type_name("FILE");
    app.add_option("--log-body", body.most_in_log, "largest text that is put into the log");
    CLI::Option* maildir =
        app.add_option("--maildir", body.maildir, "keep the messages there")->type_name("DIR");
    app.add_flag("--discard", body.discard, "keep no text, neither in files nor in the log")
        ->excludes(maildir);
    app.add_flag("!--no-digest", body.digest, "do not compute SHA-256");
    app.add_option("--expect-sha256", options.expected_digests,
                   "each message's text has one of these digests")
        ->delimiter(',');
    app.add_option("--expect", options.expected_file, "each message's text is this file's")
        ->type_name("FILE");
    add_parsed(
        app, "--tolerate", "VIOLATION,...", "do not count these as wrong; or: all",
        [&](const std::string& value) { return tolerate(options.journal.tolerated, value); });
    app.add_flag("--json", options.json, "sum up as JSON");
    app.add_flag("--quiet", options.quiet, "print nothing on standard output");
}

// What follows from several options together.
void complete(Options& options) {
    Settings& settings = options.settings;
    if (options.listen.empty() && options.tls_listen.empty() && options.qmtp_listen.empty() &&
        options.names.empty())
        options.listen.emplace_back("127.0.0.1:0");
    if (!options.names.empty() && options.dns_listen.empty())
        options.dns_listen.emplace_back("127.0.0.1:53");
    if (!options.ca_directory.empty() && options.self_signed.empty())
        options.self_signed.push_back(settings.name);
    const bool has_tls = !options.self_signed.empty() || !options.tls.certificate_file.empty();
    if (!has_tls && !options.tls_listen.empty())
        throw std::runtime_error("--tls-listen needs --certificate or --self-signed");
    if (!has_tls) settings.offered.set(Extension::starttls, false);
    if (settings.mechanisms.empty())
        settings.mechanisms = {Mechanism::cram_md5, Mechanism::plain, Mechanism::login};
    settings.delay = std::chrono::milliseconds(options.delay);
    settings.idle = std::chrono::seconds(options.idle);
    constexpr std::size_t largest_expectation = std::size_t(1) << 30;
    Expectation& expectation = options.journal.expectation;
    if (!options.expected_file.empty())
        expectation.text =
            with_wire_newlines(read_file(options.expected_file, largest_expectation));
    for (const std::string& digest : options.expected_digests) {
        constexpr std::size_t hex_digits = 64;
        if (digest.size() != hex_digits ||
            digest.find_first_not_of("0123456789abcdef") != std::string::npos)
            throw std::runtime_error(digest + " is no SHA-256 in lower-case hex");
        expectation.digests.push_back(digest);
    }
}

void make_maildir(const std::string& path) {
    constexpr mode_t mode = 0700;
    for (const char* part : {"", "/tmp", "/new", "/cur"})
        if (::mkdir((path + part).c_str(), mode) != 0 && errno != EEXIST)
            throw std::runtime_error(path + part + ": " + std::strerror(errno));
}

// A reader of the file sees all of it or nothing.
void write_whole(const std::string& path, std::string_view content) {
    const std::string temporary = path + ".new";
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file << content;
    file.close();
    if (!file || std::rename(temporary.c_str(), path.c_str()) != 0)
        throw std::runtime_error(path + ": " + std::strerror(errno));
}

OpenSslPointer<SSL_CTX> make_context(const Options& options) {
    Identity identity;
    if (!options.self_signed.empty()) {
        const Authority authority(options.key_kind);
        identity = authority.issue(options.self_signed, options.days);
        if (!options.ca_directory.empty()) {
            constexpr mode_t mode = 0755;
            ::mkdir(options.ca_directory.c_str(), mode);
            write_whole(options.ca_directory + "/ca.pem", authority.pem());
        }
        if (!options.ca_file.empty()) write_whole(options.ca_file, authority.pem());
    } else if (options.tls.certificate_file.empty()) {
        return nullptr;
    }
    return make_server_context(options.tls, identity);
}

void open_doors(std::vector<Door>& doors, const std::vector<std::string>& places, Door::Kind kind) {
    for (const std::string& place : places) {
        const auto endpoint = parse_endpoint(place);
        if (!endpoint)
            throw std::runtime_error(place + " is neither address:port nor [address]:port");
        Door door;
        door.kind = kind;
        door.socket = kind == Door::Kind::names ? receive_on(*endpoint) : listen_on(*endpoint);
        doors.push_back(std::move(door));
    }
}

std::string what_listens(const std::vector<Door>& doors) {
    constexpr std::array<const char*, 4> kinds = {"smtp ", "smtps ", "qmtp ", "dns "};
    std::string text = "pid " + std::to_string(::getpid()) + "\n";
    for (const Door& door : doors)
        text += kinds[static_cast<std::size_t>(door.kind)] + to_text(local_end(door.socket.get())) +
                "\n";
    return text;
}

// One descriptor a connection, and some for the rest of us.
void raise_descriptor_limit(std::size_t& most_connections) {
    constexpr std::size_t others = 64;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur > others)
        most_connections = std::min<std::size_t>(most_connections, limit.rlim_cur - others);
}

void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

// Waits for a signal, for the last message, or for the last second.
void wait_for_end(const sigset_t& signals, std::uint64_t seconds) {
    if (seconds == 0) {
        int which = 0;
        static_cast<void>(sigwait(&signals, &which));
        return;
    }
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::seconds(seconds);
    for (auto left = end - Clock::now(); left.count() > 0; left = end - Clock::now()) {
        const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
        timespec time{};
        time.tv_sec = static_cast<time_t>(nanoseconds / 1000000000);
        time.tv_nsec = static_cast<long>(nanoseconds % 1000000000);
        if (sigtimedwait(&signals, nullptr, &time) > 0) return;
    }
}

int serve(Options& options) {
    complete(options);
    raise_descriptor_limit(options.settings.most_connections);
    if (!options.settings.body.maildir.empty()) make_maildir(options.settings.body.maildir);
    const OpenSslPointer<SSL_CTX> context = make_context(options);
    std::vector<Door> doors;
    open_doors(doors, options.listen, Door::Kind::smtp);
    open_doors(doors, options.tls_listen, Door::Kind::smtps);
    open_doors(doors, options.qmtp_listen, Door::Kind::qmtp);
    open_doors(doors, options.dns_listen, Door::Kind::names);

    std::signal(SIGPIPE, SIG_IGN);
    sigset_t signals;
    sigemptyset(&signals);
    for (const int which : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&signals, which);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    Journal journal(options.journal, [] { ::kill(::getpid(), SIGUSR1); });
    Server::Shared shared{options.settings, journal, context.get(), options.names, doors};
    Server server(shared);
    const std::string places = what_listens(doors);
    if (!options.quiet) print(places);
    if (!options.ready_file.empty()) write_whole(options.ready_file, places);
    wait_for_end(signals, options.seconds);
    server.stop();
    if (!options.quiet) print((options.json ? journal.summary_json() : journal.summary()) + "\n");
    return journal.anything_wrong() ? 1 : 0;
}

int run(int count, char** words) {
    Options options;
    ExtensionSet& offered = options.settings.offered;
    for (std::size_t i = 0; i < extension_kinds; ++i) offered.set(static_cast<Extension>(i));
    offered.set(Extension::auth, false);
    offered.set(Extension::limits, false);
    CLI::App app("A receiving SMTP server for tests, see tern-sink(8).", "tern-sink");
    app.set_version_flag("--version",
                         tern::build_description("tern-sink", tern_identification));
    try {
        add_serving(app, options);
        add_protocol(app, options);
        add_tls(app, options);
        add_keeping(app, options);
        app.parse(count, words);
    } catch (const CLI::ParseError& error) {
        const int status = app.exit(error);
        return status == 0 ? 0 : trouble_status;
    }
    return serve(options);
}

}  // namespace

int main(int count, char** words) {
    try {
        return run(count, words);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "tern-sink: %s\n", error.what());
        return trouble_status;
    }
}

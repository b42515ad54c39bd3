// A control directory of any files: what a delivery reads of it is within its limits, passwords in
// it are noticed, and `tern check` finds fault where deliveries do. The input is the host and the
// sender, each ended by a NUL, then files: which one, two bytes of length, the content.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ascii.hpp"
#include "control/read_settings.hpp"
#include "control/server_files.hpp"
#include "os/tcpto_records.hpp"
#include "explain/check/check.hpp"
#include "fuzz/tools.hpp"
#include "support/directory.hpp"

namespace {

using namespace tern;
using tern::fuzz::expect;
using tern::fuzz::take;

constexpr std::array names{"me",
                           "helohost",
                           "timeoutconnect",
                           "timeoutremote",
                           "timeoutdns",
                           "chunksizeremote",
                           "addresspreference",
                           "tlsclientciphers",
                           "smtproutes",
                           "authsenders",
                           "qmtproutes",
                           "smtproutes.d/example.net",
                           "smtproutes.d/default",
                           "ignoreextensions",
                           "authmechanisms",
                           "outgoingip",
                           "outgoingip6",
                           "domainips",
                           "helohostbyip",
                           "clientcert.pem",
                           "tlsdestinations",
                           "tlshosts/mx1.example.net.pem",
                           "tlshosts/exhaustivelist",
                           "notlshosts/mx1.example.net",
                           "token",
                           "badmailfrom"};

/// The home, which is the working directory only while an input is looked at: the fuzzer's own
/// files have relative names.
class Home {
public:
    Home() : before_(::open(".", O_PATH | O_CLOEXEC)) {
        for (const char* directory :
             {"queue", "queue/lock", "control", "control/smtproutes.d", "control/tlshosts",
              "control/notlshosts"})
            std::filesystem::create_directory(directory_.path(directory));
        home_ = ::open(directory_.path().c_str(), O_PATH | O_CLOEXEC);
    }
    void enter() const { expect(::fchdir(home_) == 0); }
    void leave() const {
        for (const char* name : names) ::unlinkat(home_, path_of(name).c_str(), 0);
        expect(::fchdir(before_) == 0);
    }
    static std::string path_of(const char* name) { return std::string("control/") + name; }

private:
    test::Directory directory_;
    int before_;
    int home_ = -1;
};

void write(const std::string& path, std::string_view content) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    expect(file >= 0);
    expect(::write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    ::close(file);
}

class NoAddresses final : public LocalAddresses {
public:
    Result<bool> is_ourselves(const IpAddress&) override { return false; }
};

bool within(Duration time) {
    return time >= Duration::zero() && time <= std::chrono::hours(24 * 366);
}

void judge(const routing::Settings& settings, std::string_view host, std::string_view sender) {
    expect(!settings.hello_name.empty());
    expect(std::ranges::all_of(settings.hello_name, [](char c) { return c >= ' ' && c <= '~'; }));
    expect(within(settings.timeout_connect) && within(settings.timeout_remote) &&
           within(settings.timeout_dns));
    expect(settings.chunk_size >= 1024 && settings.chunk_size <= 1024UL * 1024);
    const auto route = routing::find_route(settings.routes, host, sender);
    if (route && route->credentials) expect(settings.routes.hold_passwords);
}

// Of the files that are looked at for one server.
void judge_rules() {
    control::ServerFileReader rules;
    const dns::Domain server = dns::Domain::parse("mx1.example.net").value();
    const Result<tls::Requirement> requirement = rules.requirement(server);
    if (requirement && requirement->kind == tls::Requirement::Kind::verified)
        expect(requirement->trust_file == "control/tlshosts/mx1.example.net.pem");
    (void)rules.tls_destinations();
    (void)rules.token_file("control/token");
}

void judge_findings(const std::vector<explain::Finding>& findings, bool defers_all) {
    bool any_error = false;
    for (const explain::Finding& finding : findings) {
        expect(!finding.what.empty() && !finding.file.empty());
        any_error = any_error || finding.severity == explain::Severity::error;
        // What is shown goes to a terminal.
        for (const std::string& words : {finding.file, finding.what, finding.cure})
            expect(std::ranges::none_of(words, is_control));
    }
    expect(any_error || !defers_all);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Home home;
    static NoAddresses none;
    static const explain::Reader reader("nobody", std::nullopt);
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    const std::string_view host = take(rest);
    const std::string_view sender = take(rest);
    home.enter();
    while (rest.size() > 3) {
        const char* const name = names.at(static_cast<unsigned char>(rest[0]) % names.size());
        const std::size_t length = static_cast<unsigned char>(rest[1]) * 256U +
                                   static_cast<unsigned char>(rest[2]);
        const std::string_view content = rest.substr(3, length);
        write(Home::path_of(name), content);
        rest.remove_prefix(3 + content.size());
    }
    const Result<routing::Settings> settings = control::read_settings(host);
    if (settings) judge(*settings, host, sender);
    else expect(settings.error().cause == Cause::control_file && !settings.error().detail.empty());
    judge_rules();
    judge_findings(explain::check(reader, none, std::chrono::seconds(1'800'000'000)), !settings);
    home.leave();
    return 0;
}

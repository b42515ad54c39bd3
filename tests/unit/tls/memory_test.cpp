// Memory that runs out inside OpenSSL is our own trouble (contract.md#principles), never
// the server's, the certificate's or a control file's, wherever in a session it happens. malloc and
// realloc are the linker's to replace here (cmake/tern_tests.cmake). In a process of its own, for
// OpenSSL is left in whatever state it came to.
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tls_client.hpp"

namespace {

constexpr std::size_t no_end = std::numeric_limits<std::size_t>::max();
thread_local std::size_t allocations_left = no_end;

bool refused() {
    if (allocations_left == no_end) return false;
    if (allocations_left == 0) return true;
    --allocations_left;
    return false;
}

}  // namespace

// ld(1), --wrap.
extern "C" {
void* __real_malloc(std::size_t size);
void* __real_realloc(void* old, std::size_t size);
void* __wrap_malloc(std::size_t size) { return refused() ? nullptr : __real_malloc(size); }
void* __wrap_realloc(void* old, std::size_t size) {
    return refused() ? nullptr : __real_realloc(old, size);
}
}

namespace tern::test {
namespace {

/// The server has memory enough.
class Elsewhere final : public Stream {
public:
    explicit Elsewhere(TlsPeer& peer) : peer_(peer) {}

    Task<std::size_t> read_some(std::span<char> into, Deadline deadline) override {
        const std::size_t left = std::exchange(allocations_left, no_end);
        Result<std::size_t> got = peer_.read_some(into, deadline).run();
        allocations_left = left;
        co_return got;
    }
    Task<Done> write(std::string_view bytes, Deadline deadline) override {
        const std::size_t left = std::exchange(allocations_left, no_end);
        Result<Done> written = peer_.write(bytes, deadline).run();
        allocations_left = left;
        co_return written;
    }

private:
    TlsPeer& peer_;
};

/// What became of a session; the exit status of its process.
enum Outcome { came_through, our_trouble, blamed_another };

Outcome judge(const Failure& failure) {
    allocations_left = no_end;
    if (failure.cause == Cause::resources) return our_trouble;
    std::fprintf(stderr, "%s\n", failure.detail.c_str());
    return blamed_another;
}

Outcome converse(tls::TlsStream& client, TlsPeer& peer) {
    const Result<tls::Established> agreed = client.handshake(no_hurry).run();
    if (!agreed) return judge(agreed.error());
    const Result<Done> said = client.write("EHLO me.example\r\n", no_hurry).run();
    if (!said) return judge(said.error());
    const std::size_t left = std::exchange(allocations_left, no_end);
    peer.says("250 mx.example.com\r\n");
    allocations_left = left;
    char block[100];
    const Result<std::size_t> heard = client.read_some(block, no_hurry).run();
    if (!heard) return judge(heard.error());
    return allocations_left > 0 ? came_through : our_trouble;
}

/// A session that is refused memory from its nth allocation on.
Outcome session_with(std::size_t allocations, const tls::Requirement& requirement,
                     SSL_CTX* server) {
    TlsPeer peer(server);
    Elsewhere below(peer);
    const tls::ClientSettings settings{"HIGH:@SECLEVEL=1", "", ""};
    allocations_left = allocations;
    const auto made = tls::TlsStream::make(below, requirement, settings, "mx.example.com");
    return made ? converse(**made, peer) : judge(made.error());
}

// What a session without memory leaves must not reach the next: after such trouble a
// delivery ends.
int session_in_a_process_of_its_own(std::size_t allocations, const tls::Requirement& requirement,
                                    SSL_CTX* server) {
    const pid_t child = ::fork();
    if (child == 0) {
        const Outcome outcome = session_with(allocations, requirement, server);
        std::fflush(nullptr);
        std::_Exit(outcome);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

[[noreturn]] void run_out_of_memory(int version, bool verified) {
    const Directory directory;
    CertificateSpec spec;
    spec.dns_names = {"mx.example.com"};
    const Identity identity = make_identity(spec);
    const tls::ContextPtr server = server_context(identity);
    SSL_CTX_set_max_proto_version(server.get(), version);
    const std::string trust = directory.holds("trust.pem", certificate_pem(identity));
    const tls::Requirement requirement =
        verified ? demanding("mx.example.com", trust) : tls::Requirement();
    int refusals = 0;
    int outcome = our_trouble;
    for (std::size_t allocations = 0; outcome == our_trouble && allocations < 100'000;
         allocations += 1 + allocations / 12) {
        outcome = session_in_a_process_of_its_own(allocations, requirement, server.get());
        ++refusals;
    }
    std::fprintf(stderr, "outcome %d after %d sessions\n", outcome, refusals);
    std::fflush(nullptr);
    std::_Exit(outcome == came_through && refusals > 20 ? 0 : 1);
}

TEST(Memory, ThatRunsOutIsOurTrouble) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION})
        for (const bool verified : {false, true})
            EXPECT_EXIT(run_out_of_memory(version, verified), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace tern::test

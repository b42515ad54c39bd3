// A session with a scripted server on a simulated wire, for the tests of how sessions end.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "session/session.hpp"
#include "support/peer.hpp"
#include "support/simulated_environment.hpp"
#include "support/wire.hpp"

namespace tern::session {

constexpr Duration session_timeout = std::chrono::seconds(300);

/// A session with a scripted server: alice@sender.example writes to those named.
class SessionTable {
public:
    explicit SessionTable(test::Script script,
                          const std::vector<std::string>& to = {"bob@example.net"},
                          test::WireTraits traits = test::WireTraits())
        : message(simulation, reactor),
          wire_(std::make_shared<test::Wire>(simulation, traits)),
          peer_(simulation, wire_, "server"),
          server_(script(peer_)) {
        envelope_.sender = *smtp::parse_address("alice@sender.example");
        for (const std::string& each : to)
            envelope_.recipients.push_back(*smtp::parse_address(each));
        identity.hello_name = "me.example";
        identity.server_name = "mx.example.net";
        options.timeout_remote = session_timeout;
        server_.start();
    }
    ~SessionTable() {
        session.reset();
        simulation.cancel_all_waits();
        while (simulation.step()) {}
        EXPECT_TRUE(server_.finished());
    }

    void make_session() {
        session.emplace(simulation, random_,
                        std::make_unique<test::WireEnd>(wire_, test::Side::client), identity,
                        options);
    }
    Result<Done> run_open() { return run(session->open()); }
    Result<Done> open() {
        make_session();
        return run_open();
    }
    Result<Done> transact() {
        progress = Progress();
        return run(session->transact(envelope_, message, progress));
    }
    Result<Done> deliver() {
        Result<Done> opened = open();
        return opened ? transact() : opened;
    }
    [[nodiscard]] std::string written() const { return wire_->written_by(test::Side::client); }
    [[nodiscard]] Duration took() const { return took_; }
    [[nodiscard]] const std::string& trouble() { return trouble_; }

    test::Simulation simulation{1};
    test::SimulatedReactor reactor{simulation};
    Identity identity;
    Options options;
    test::SimulatedMessage message;
    Progress progress;
    std::optional<Session> session;

private:
    Result<Done> run(Task<Done> task) {
        const Time begun = simulation.now();
        task.start();
        while (!task.finished() && simulation.step()) {}
        EXPECT_TRUE(task.finished());
        took_ = simulation.now() - begun;
        if (server_.finished() && trouble_.empty()) {
            const Result<Done> ended = server_.take();
            if (!ended) trouble_ = ended.error().detail;
        }
        return task.take();
    }

    test::SeededRandom random_{1};
    std::shared_ptr<test::Wire> wire_;
    test::Peer peer_;
    Task<Done> server_;
    Envelope envelope_;
    Duration took_{};
    std::string trouble_;
};

inline void expect_failure(const Result<Done>& result, Stage stage, Cause cause,
                    const std::string& words) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().stage, stage) << result.error().detail;
    EXPECT_EQ(result.error().cause, cause) << result.error().detail;
    EXPECT_THAT(result.error().reason(), testing::HasSubstr(words));
}

/// Up to the reply to the first EHLO; each line of `offers` is an extension.
inline Task<Done> greets(test::Peer& mx, std::string offers) {
    co_await mx.says("220 mx.example.net");
    co_await mx.expects("EHLO me.example");
    std::string reply = "250-mx.example.net\n";
    for (std::size_t end = 0; (end = offers.find('\n')) != offers.npos; offers.erase(0, end + 1))
        reply += "250-" + offers.substr(0, end + 1);
    reply += "250 " + offers;
    co_await mx.says(std::move(reply));
    co_return Done();
}

}  // namespace tern::session

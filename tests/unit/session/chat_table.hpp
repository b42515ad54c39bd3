// A chat with a scripted server on a simulated wire.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "conversation/script.hpp"
#include "session/chat.hpp"
#include "support/peer.hpp"
#include "support/simulation.hpp"
#include "support/wire.hpp"

namespace tern::session {

constexpr Duration chat_patience = std::chrono::seconds(30);

class ChatTable {
public:
    explicit ChatTable(const test::Script& script)
        : simulation_(1),
          wire_(std::make_shared<test::Wire>(simulation_, test::WireTraits())),
          end_(std::make_unique<test::WireEnd>(wire_, test::Side::client)),
          chat(simulation_, *end_, chat_patience),
          peer_(simulation_, wire_, "server"),
          server_(script(peer_)) {
        server_.start();
    }
    ~ChatTable() {
        end_.reset();
        simulation_.cancel_all_waits();
        while (simulation_.step()) {}
        EXPECT_TRUE(server_.finished());
    }

    template <class T>
    Result<T> run(Task<T> task, Duration at_most = chat_patience) {
        const Time begun = simulation_.now();
        task.start();
        while (!task.finished() && simulation_.step()) {}
        EXPECT_TRUE(task.finished());
        EXPECT_LE(simulation_.now() - begun, at_most);
        return task.take();
    }
    void let_things_arrive() { run(simulation_.sleep(std::chrono::seconds(1))); }
    [[nodiscard]] const std::string& written() const {
        return wire_->written_by(test::Side::client);
    }

private:
    test::Simulation simulation_;
    std::shared_ptr<test::Wire> wire_;
    std::unique_ptr<test::WireEnd> end_;

public:
    Chat chat;

private:
    test::Peer peer_;
    Task<Done> server_;
};

}  // namespace tern::session

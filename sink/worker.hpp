// One thread's epoll loop with its connections. Nothing of it is shared but what Server::Shared
// holds.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "sink/connection.hpp"
#include "sink/server.hpp"

namespace tern::sink {

class Worker {
public:
    /// Takes part in letting clients in; the first worker answers for names as well.
    Worker(Server::Shared& shared, bool answers_names);

    /// Runs until stopped.
    void run();
    /// Called from any thread.
    void stop();

private:
    using Time = Connection::Time;

    void watch(int descriptor, std::uint32_t events, bool is_new);
    void let_in(const Door& door);
    void answer_names(int socket);
    void go_on(int descriptor);
    void meet(int descriptor, std::uint32_t events);
    void let_go(int descriptor);
    void end_pauses(Time now);
    void look_for_silence(Time now);
    int timeout(Time now) const;
    void close_doors();

    Server::Shared& shared_;
    Descriptor epoll_;
    Descriptor bell_;
    std::vector<char> buffer_;
    std::unordered_map<int, const Door*> doors_;
    std::unordered_map<int, std::unique_ptr<Connection>> connections_;
    std::multimap<Time, int> pauses_;
    std::vector<int> again_;
    Time next_look_;
    Time last_moment_;
    bool stopping_ = false;
};

}  // namespace tern::sink

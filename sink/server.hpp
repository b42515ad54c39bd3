// The server: threads, their epoll loops, who is let in, who has been silent too long. What is said
// to a client is decided by the conversation.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "sink/descriptor.hpp"
#include "sink/journal.hpp"
#include "sink/name_server.hpp"
#include "sink/openssl_pointers.hpp"
#include "sink/settings.hpp"

namespace tern::sink {

/// A socket that others come to.
struct Door {
    enum class Kind { smtp, smtps, qmtp, names };
    Descriptor socket;
    Kind kind = Kind::smtp;
};

class Worker;

class Server {
public:
    /// What the workers share; all of it must outlive the server.
    struct Shared {
        const Settings& settings;
        Journal& journal;
        SSL_CTX* context;
        const NameServer& names;
        const std::vector<Door>& doors;
        std::atomic<std::size_t> connections{0};
    };

    /// Starts the threads. Throws std::system_error where that cannot be.
    explicit Server(Shared& shared);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Accepts no more connections, gives the open ones a second to finish, and ends the threads.
    void stop();

private:
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<std::thread> threads_;
};

}  // namespace tern::sink

// Threads around workers.
#include "sink/server.hpp"

#include "sink/worker.hpp"

namespace tern::sink {

Server::Server(Shared& shared) {
    for (unsigned i = 0; i < shared.settings.threads; ++i)
        workers_.push_back(std::make_unique<Worker>(shared, i == 0));
    for (const std::unique_ptr<Worker>& worker : workers_)
        threads_.emplace_back(&Worker::run, worker.get());
}

Server::~Server() {
    stop();
}

void Server::stop() {
    for (const std::unique_ptr<Worker>& worker : workers_) worker->stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

}  // namespace tern::sink

// The loop of one thread. Level-triggered: a connection that could not go on is reported again.
#include "sink/worker.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

namespace tern::sink {

namespace {

constexpr std::size_t buffer_size = 256UL * 1024;
constexpr auto look_interval = std::chrono::seconds(1);
constexpr auto time_to_finish = std::chrono::seconds(1);  // once it is enough
constexpr int let_in_at_once = 64;
constexpr std::size_t longest_query = 4096;

Connection::Protocol protocol_of(Door::Kind kind) {
    switch (kind) {
        case Door::Kind::smtps:
            return Connection::Protocol::smtps;
        case Door::Kind::qmtp:
            return Connection::Protocol::qmtp;
        default:
            return Connection::Protocol::smtp;
    }
}

}  // namespace

Worker::Worker(Server::Shared& shared, bool answers_names)
    : shared_(shared),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      bell_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      buffer_(buffer_size),
      next_look_(std::chrono::steady_clock::now() + look_interval) {
    if (!epoll_ || !bell_) throw std::runtime_error("no descriptors for a thread");
    watch(bell_.get(), EPOLLIN, true);
    for (const Door& door : shared.doors) {
        if (door.kind == Door::Kind::names && !answers_names) continue;
        doors_[door.socket.get()] = &door;
        watch(door.socket.get(), EPOLLIN | EPOLLEXCLUSIVE, true);
    }
}

void Worker::watch(int descriptor, std::uint32_t events, bool is_new) {
    epoll_event event{};
    event.events = events;
    event.data.fd = descriptor;
    if (::epoll_ctl(epoll_.get(), is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event) != 0)
        throw std::runtime_error("epoll refuses a descriptor");
}

void Worker::stop() {
    ::eventfd_write(bell_.get(), 1);
}

void Worker::close_doors() {
    for (const auto& [descriptor, door] : doors_)
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
    doors_.clear();
    stopping_ = true;
    last_moment_ = std::chrono::steady_clock::now() + time_to_finish;
}

void Worker::let_in(const Door& door) {
    for (int i = 0; i < let_in_at_once; ++i) {
        Descriptor socket(
            ::accept4(door.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!socket) return;
        if (shared_.connections.fetch_add(1) >= shared_.settings.most_connections) {
            shared_.connections.fetch_sub(1);
            shared_.journal.connection_turned_away();
            constexpr std::string_view words = "421 too many connections\r\n";
            // QMTP has no word for it.
            if (door.kind != Door::Kind::qmtp)
                static_cast<void>(::send(socket.get(), words.data(), words.size(), MSG_NOSIGNAL));
            continue;
        }
        const int descriptor = socket.get();
        connections_[descriptor] =
            std::make_unique<Connection>(std::move(socket), shared_.settings, shared_.journal,
                                         shared_.context, protocol_of(door.kind));
        go_on(descriptor);
    }
}

void Worker::answer_names(int socket) {
    for (int i = 0; i < let_in_at_once; ++i) {
        std::array<char, longest_query> query{};
        sockaddr_storage asker{};
        socklen_t length = sizeof asker;
        auto* address = reinterpret_cast<sockaddr*>(&asker);
        const ssize_t count = ::recvfrom(socket, query.data(), query.size(), 0, address, &length);
        if (count < 0) return;
        const std::string answer =
            shared_.names.answer({query.data(), static_cast<std::size_t>(count)});
        if (!answer.empty())
            static_cast<void>(
                ::sendto(socket, answer.data(), answer.size(), MSG_NOSIGNAL, address, length));
    }
}

void Worker::let_go(int descriptor) {
    connections_.erase(descriptor);
    shared_.connections.fetch_sub(1);
}

void Worker::go_on(int descriptor) {
    const auto found = connections_.find(descriptor);
    if (found == connections_.end()) return;
    Connection& connection = *found->second;
    std::uint32_t events = 0;
    switch (connection.go_on(buffer_)) {
        case Connection::Wait::over:
            return let_go(descriptor);
        case Connection::Wait::input:
            events = EPOLLIN | EPOLLRDHUP;
            break;
        case Connection::Wait::output:
            events = EPOLLOUT;
            break;
        case Connection::Wait::nothing_now:
            again_.push_back(descriptor);
            return;
        case Connection::Wait::pause:
            if (connection.pause_is_counted) break;
            connection.pause_is_counted = true;
            pauses_.emplace(std::chrono::steady_clock::now() + shared_.settings.delay, descriptor);
            break;
    }
    if (events == connection.watched) return;
    const bool is_new = connection.watched == Connection::not_watched;
    connection.watched = events;
    watch(descriptor, events, is_new);
}

// A client that is gone is reported again and again, also while a reply is held back.
void Worker::meet(int descriptor, std::uint32_t events) {
    const auto found = connections_.find(descriptor);
    if (found == connections_.end()) return;
    if (found->second->pause_is_counted && (events & (EPOLLERR | EPOLLHUP)) != 0)
        let_go(descriptor);
    else go_on(descriptor);
}

void Worker::end_pauses(Time now) {
    while (!pauses_.empty() && pauses_.begin()->first <= now) {
        const int descriptor = pauses_.begin()->second;
        pauses_.erase(pauses_.begin());
        const auto found = connections_.find(descriptor);
        if (found == connections_.end()) continue;
        found->second->pause_is_counted = false;
        found->second->end_pause();
        go_on(descriptor);
    }
}

void Worker::look_for_silence(Time now) {
    if (now < next_look_) return;
    next_look_ = now + look_interval;
    std::vector<int> silent;
    for (const auto& [descriptor, connection] : connections_)
        if (now - connection->last_sign_of_life() > shared_.settings.idle)
            silent.push_back(descriptor);
    for (const int descriptor : silent) {
        connections_[descriptor]->give_up();
        let_go(descriptor);
    }
}

int Worker::timeout(Time now) const {
    if (!again_.empty() || (shared_.settings.awake && !connections_.empty())) return 0;
    Time until = next_look_;
    if (!pauses_.empty()) until = std::min(until, pauses_.begin()->first);
    if (stopping_) until = std::min(until, last_moment_);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
    return std::max(0, static_cast<int>(left.count()));
}

void Worker::run() {
    constexpr int most_events = 256;
    std::array<epoll_event, most_events> events{};
    for (;;) {
        Time now = std::chrono::steady_clock::now();
        if (stopping_ && (connections_.empty() || now >= last_moment_)) break;
        const int count = ::epoll_wait(epoll_.get(), events.data(), most_events, timeout(now));
        for (int i = 0; i < count; ++i) {
            const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
            if (descriptor == bell_.get()) {
                if (!stopping_) close_doors();
                watch(bell_.get(), 0, false);
            } else if (const auto door = doors_.find(descriptor); door != doors_.end()) {
                if (door->second->kind == Door::Kind::names) answer_names(descriptor);
                else let_in(*door->second);
            } else {
                meet(descriptor, events[static_cast<std::size_t>(i)].events);
            }
        }
        for (const int descriptor : std::exchange(again_, {})) go_on(descriptor);
        now = std::chrono::steady_clock::now();
        end_pauses(now);
        look_for_silence(now);
    }
    connections_.clear();
}

}  // namespace tern::sink

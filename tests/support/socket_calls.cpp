// Leads the system calls of a test program to who has made the descriptor; see socket_calls.hpp.
// cmake/tern_tests.cmake names the calls to the linker.
#include "support/socket_calls.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstring>
#include <vector>

#include <linux/sockios.h>
#include <sys/ioctl.h>

namespace tern::test {
namespace {

SocketCalls* active = nullptr;
// Empty in the programs, and the threads, that use the kernel's sockets alone.
std::vector<SocketCalls*> all;

SocketCalls* owner_of(int descriptor) {
    for (SocketCalls* const each : all)
        if (each->has(descriptor)) return each;
    return nullptr;
}

}  // namespace

SocketCalls::SocketCalls() { all.push_back(this); }
SocketCalls::~SocketCalls() { std::erase(all, this); }

SocketCalls::Active::Active(SocketCalls& calls) : before_(active) { active = &calls; }
SocketCalls::Active::~Active() { active = before_; }

}  // namespace tern::test

using tern::test::owner_of;
using tern::test::SocketCalls;

extern "C" {

int __real_socket(int family, int type, int protocol);
int __real_bind(int descriptor, const sockaddr* address, socklen_t size);
int __real_connect(int descriptor, const sockaddr* address, socklen_t size);
int __real_getsockname(int descriptor, sockaddr* address, socklen_t* size);
int __real_getsockopt(int descriptor, int level, int name, void* value, socklen_t* size);
int __real_setsockopt(int descriptor, int level, int name, const void* value, socklen_t size);
ssize_t __real_recv(int descriptor, void* into, std::size_t size, int flags);
ssize_t __real_recvfrom(int descriptor, void* into, std::size_t size, int flags, sockaddr* from,
                        socklen_t* from_size);
ssize_t __real_send(int descriptor, const void* bytes, std::size_t size, int flags);
ssize_t __real_sendmsg(int descriptor, const msghdr* message, int flags);
int __real_ioctl(int descriptor, unsigned long request, ...);
int __real_poll(pollfd* waits, nfds_t count, int timeout);
int __real_close(int descriptor);

int __wrap_socket(int family, int type, int protocol) {
    const bool is_simulated =
        tern::test::active != nullptr && (family == AF_INET || family == AF_INET6);
    return is_simulated ? tern::test::active->socket(family, type)
                        : __real_socket(family, type, protocol);
}

int __wrap_bind(int descriptor, const sockaddr* address, socklen_t size) {
    if (SocketCalls* const owner = owner_of(descriptor)) return owner->bind(descriptor, address);
    return __real_bind(descriptor, address, size);
}

int __wrap_connect(int descriptor, const sockaddr* address, socklen_t size) {
    if (SocketCalls* const owner = owner_of(descriptor)) return owner->connect(descriptor, address);
    return __real_connect(descriptor, address, size);
}

int __wrap_getsockname(int descriptor, sockaddr* address, socklen_t* size) {
    if (SocketCalls* const owner = owner_of(descriptor))
        return owner->name(descriptor, address, size);
    return __real_getsockname(descriptor, address, size);
}

int __wrap_getsockopt(int descriptor, int level, int name, void* value, socklen_t* size) {
    if (SocketCalls* const owner = owner_of(descriptor)) {
        const int option = owner->option(descriptor, name);
        std::memcpy(value, &option, std::min<std::size_t>(*size, sizeof option));
        return 0;
    }
    return __real_getsockopt(descriptor, level, name, value, size);
}

int __wrap_setsockopt(int descriptor, int level, int name, const void* value, socklen_t size) {
    if (owner_of(descriptor) != nullptr) return 0;
    return __real_setsockopt(descriptor, level, name, value, size);
}

ssize_t __wrap_recv(int descriptor, void* into, std::size_t size, int flags) {
    if (SocketCalls* const owner = owner_of(descriptor))
        return owner->receive(descriptor, into, size, nullptr, nullptr);
    return __real_recv(descriptor, into, size, flags);
}

ssize_t __wrap_recvfrom(int descriptor, void* into, std::size_t size, int flags, sockaddr* from,
                        socklen_t* from_size) {
    if (SocketCalls* const owner = owner_of(descriptor))
        return owner->receive(descriptor, into, size, from, from_size);
    return __real_recvfrom(descriptor, into, size, flags, from, from_size);
}

ssize_t __wrap_send(int descriptor, const void* bytes, std::size_t size, int flags) {
    if (SocketCalls* const owner = owner_of(descriptor)) {
        const iovec part{const_cast<void*>(bytes), size};
        return owner->send(descriptor, &part, 1);
    }
    return __real_send(descriptor, bytes, size, flags);
}

ssize_t __wrap_sendmsg(int descriptor, const msghdr* message, int flags) {
    if (SocketCalls* const owner = owner_of(descriptor))
        return owner->send(descriptor, message->msg_iov, message->msg_iovlen);
    return __real_sendmsg(descriptor, message, flags);
}

int __wrap_ioctl(int descriptor, unsigned long request, ...) {
    va_list more;
    va_start(more, request);
    void* const argument = va_arg(more, void*);
    va_end(more);
    SocketCalls* const owner = request == SIOCOUTQ ? owner_of(descriptor) : nullptr;
    if (owner == nullptr) return __real_ioctl(descriptor, request, argument);
    const int unsent = owner->unsent(descriptor);
    std::memcpy(argument, &unsent, sizeof unsent);
    return 0;
}

// With a descriptor of ours among them it is a look: virtual time passes elsewhere.
int __wrap_poll(pollfd* waits, nfds_t count, int timeout) {
    const auto is_ours = [](const pollfd& wait) { return owner_of(wait.fd) != nullptr; };
    if (std::none_of(waits, waits + count, is_ours)) return __real_poll(waits, count, timeout);
    int ready = 0;
    for (pollfd* wait = waits; wait != waits + count; ++wait) {
        SocketCalls* const owner = owner_of(wait->fd);
        wait->revents = 0;
        if (owner != nullptr) wait->revents = owner->events(wait->fd, wait->events);
        else __real_poll(wait, 1, 0);
        if (wait->revents != 0) ++ready;
    }
    return ready;
}

int __wrap_close(int descriptor) {
    if (SocketCalls* const owner = owner_of(descriptor)) owner->close(descriptor);
    return __real_close(descriptor);
}

}  // extern "C"

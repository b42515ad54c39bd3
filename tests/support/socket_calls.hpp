// The system calls on sockets, as an interface: in test programs the linker leads the calls of
// every object to it (ld(1), --wrap). It must not know what a descriptor leads to.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>

namespace tern::test {

/// Answers the calls on the descriptors that it has made; all others go to the kernel. Each
/// function is the system call of its name: -1 and errno where it fails. None of them waits.
class SocketCalls {
public:
    SocketCalls();
    SocketCalls(const SocketCalls&) = delete;
    SocketCalls& operator=(const SocketCalls&) = delete;
    virtual ~SocketCalls();

    /// While one exists, socket(2) makes descriptors of `calls`.
    class Active {
    public:
        explicit Active(SocketCalls& calls);
        Active(const Active&) = delete;
        Active& operator=(const Active&) = delete;
        ~Active();

    private:
        SocketCalls* before_;
    };

    [[nodiscard]] virtual bool has(int descriptor) const = 0;
    virtual int socket(int family, int type) = 0;
    virtual int bind(int descriptor, const sockaddr* address) = 0;
    virtual int connect(int descriptor, const sockaddr* address) = 0;
    virtual int name(int descriptor, sockaddr* address, socklen_t* size) = 0;
    /// getsockopt(2) of SO_ERROR and SO_TYPE.
    virtual int option(int descriptor, int name) = 0;
    virtual ssize_t receive(int descriptor, void* into, std::size_t size, sockaddr* from,
                            socklen_t* from_size) = 0;
    virtual ssize_t send(int descriptor, const iovec* parts, std::size_t count) = 0;
    /// ioctl(2) SIOCOUTQ.
    virtual int unsent(int descriptor) = 0;
    /// What poll(2) finds now.
    virtual short events(int descriptor, short wanted) = 0;
    /// The descriptor itself is closed after it.
    virtual void close(int descriptor) = 0;
};

}  // namespace tern::test

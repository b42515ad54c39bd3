// A link with delay: two TUN interfaces, and every packet that goes into one comes out of the other
// after a constant time, SYN and ACK included. This kernel may lack netem; TUN is everywhere.
//   link first-interface second-interface microseconds-one-way
// Says `ready` on standard output once both exist, and works until it is ended.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <vector>

namespace {

struct Packet {
    long long due;
    std::vector<char> bytes;
};

[[noreturn]] void give_up(const char* what) {
    std::fprintf(stderr, "link: %s: %s\n", what, std::strerror(errno));
    std::exit(2);
}

int interface(const char* name) {
    const int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (device < 0) give_up("/dev/net/tun");
    ifreq request{};
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(device, TUNSETIFF, &request) != 0) give_up(name);
    return device;
}

long long now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) give_up("usage: link first second microseconds");
    const std::array<int, 2> ends = {interface(arguments[1]), interface(arguments[2])};
    const long long delay = std::atoll(arguments[3]) * 1000;
    std::array<std::deque<Packet>, 2> waiting;  // by the end they are to come out of
    std::puts("ready");
    std::fflush(stdout);
    std::vector<char> room(65536);
    for (;;) {
        long long next = -1;
        for (std::size_t end = 0; end < ends.size(); ++end) {
            std::deque<Packet>& queue = waiting[end];
            while (!queue.empty() && queue.front().due <= now()) {
                // An interface that is down loses packets, as a cable does.
                static_cast<void>(!write(ends[end], queue.front().bytes.data(),
                                         queue.front().bytes.size()));
                queue.pop_front();
            }
            if (!queue.empty() && (next < 0 || queue.front().due < next)) next = queue.front().due;
        }
        std::array<pollfd, 2> wanted = {{{ends[0], POLLIN, 0}, {ends[1], POLLIN, 0}}};
        timespec left{};
        if (next >= 0) {
            const long long rest = std::max(next - now(), 0LL);
            left = {static_cast<time_t>(rest / 1000000000), static_cast<long>(rest % 1000000000)};
        }
        if (ppoll(wanted.data(), wanted.size(), next >= 0 ? &left : nullptr, nullptr) < 0 &&
            errno != EINTR)
            give_up("ppoll");
        for (std::size_t end = 0; end < ends.size(); ++end) {
            for (;;) {
                const ssize_t got = read(ends[end], room.data(), room.size());
                if (got <= 0) break;
                waiting[1 - end].push_back({now() + delay, {room.data(), room.data() + got}});
            }
        }
    }
}

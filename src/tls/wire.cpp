// The two buffers as a BIO; see wire.hpp.
#include "tls/wire.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "tls/openssl.hpp"

namespace tern::tls {

Wire::Wire() {
    outgoing_.reserve(buffer_size);
}

BIO* Wire::make_bio() {
    BIO_METHOD* const ours = method();
    BIO* bio = ours == nullptr ? nullptr : BIO_new(ours);
    if (bio == nullptr) return nullptr;
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    return bio;
}

void Wire::received(std::size_t bytes) {
    taken_ = 0;
    received_ = bytes;
}

int Wire::read(BIO* bio, char* into, int most) {
    Wire& wire = *static_cast<Wire*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const std::size_t there = wire.received_ - wire.taken_;
    if (there == 0 || most <= 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    const std::size_t count = std::min(there, static_cast<std::size_t>(most));
    std::memcpy(into, wire.incoming_.data() + wire.taken_, count);
    wire.taken_ += count;
    return static_cast<int>(count);
}

int Wire::write(BIO* bio, const char* bytes, int count) {
    Wire& wire = *static_cast<Wire*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (count <= 0) return 0;
    try {
        wire.outgoing_.insert(wire.outgoing_.end(), bytes, bytes + count);
    } catch (const std::bad_alloc&) {
        note_memory_trouble();  // no exception may cross OpenSSL's frames
        return -1;
    }
    return count;
}

long Wire::control(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* Wire::method() {
    static BIO_METHOD* const made = [] {
        BIO_METHOD* fresh = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "stream");
        if (fresh == nullptr) return fresh;
        BIO_meth_set_read(fresh, &Wire::read);
        BIO_meth_set_write(fresh, &Wire::write);
        BIO_meth_set_ctrl(fresh, &Wire::control);
        return fresh;
    }();
    return made;
}

}  // namespace tern::tls

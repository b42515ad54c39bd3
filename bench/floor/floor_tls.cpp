// The floor with STARTTLS: floor-tls [address] sender recipient... <message. OpenSSL with as little
// of its start as it takes; nothing is verified. See floor.hpp for what it must not do.
#include <openssl/ssl.h>

#include "floor.hpp"

namespace {

class Encrypted {
public:
    explicit Encrypted(int descriptor) {
        OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT |
                                OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
                                OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS,
                            nullptr);
        OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_SSL_STRINGS |
                             OPENSSL_INIT_NO_ATEXIT,
                         nullptr);
        SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
        ssl_ = SSL_new(context);
        SSL_set_fd(ssl_, descriptor);
        if (SSL_connect(ssl_) != 1) bench::give_up("floor: the handshake failed");
    }
    void say(const char* bytes, std::size_t size) {
        if (SSL_write(ssl_, bytes, static_cast<int>(size)) <= 0)
            bench::give_up("floor: cannot write");
    }
    std::size_t hear(char* room, std::size_t size) {
        const int got = SSL_read(ssl_, room, static_cast<int>(size));
        if (got <= 0) bench::give_up("floor: cannot read");
        return static_cast<std::size_t>(got);
    }
    void leave() { SSL_shutdown(ssl_); }

private:
    SSL* ssl_ = nullptr;
};

}  // namespace

int main(int count, char** arguments) {
    if (count < 4) bench::give_up("usage: floor-tls [address] sender recipient...");
    bench::Plain wire(arguments[1]);
    bench::Ear<bench::Plain> clear(wire);
    clear.reply('2');
    wire.say(bench::hello.data(), bench::hello.size());
    if (!bench::offers(clear.reply('2')).starttls) bench::give_up("floor: STARTTLS is not offered");
    wire.say("STARTTLS\r\n", 10);
    clear.reply('2');
    Encrypted tls(wire.descriptor());
    bench::Ear<Encrypted> ear(tls);
    tls.say(bench::hello.data(), bench::hello.size());
    const bench::Offers offered = bench::offers(ear.reply('2'));
    bench::Delivery<Encrypted> delivery(tls, ear, offered);
    delivery.run(count, arguments);
    _exit(0);
}

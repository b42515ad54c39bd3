// A server that means no good. The first byte of the input chooses: its bytes are the input alone,
// or a real server's, with the input as changes to them. Whatever comes, the session ends or waits,
// and what is read from it is the beginning of what the server said.
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/tools.hpp"
#include "support/tls_client.hpp"

namespace {

using namespace tern;
using tern::fuzz::expect;

constexpr std::string_view greeting = "220 mx.example.com\r\n250 and more words to be changed\r\n";

// Three bytes a change: where (from the last change on), and which bits.
class Changes {
public:
    explicit Changes(std::string_view input) : input_(input) {}

    void apply(std::string& wire) {
        for (char& byte : wire) {
            if (left_ == 0) {
                if (input_.size() < 3) return;
                if (!started_) {
                    started_ = true;
                    left_ = distance();
                    if (left_ > 0) {
                        --left_;
                        continue;
                    }
                }
                byte = static_cast<char>(byte ^ input_[2]);
                made_ = made_ || input_[2] != 0;
                input_.remove_prefix(3);
                started_ = false;
                continue;
            }
            --left_;
        }
    }

    [[nodiscard]] bool made() const { return made_; }

private:
    [[nodiscard]] std::size_t distance() const {
        return static_cast<std::size_t>(static_cast<unsigned char>(input_[0])) * 256 +
               static_cast<unsigned char>(input_[1]);
    }

    std::string_view input_;
    std::size_t left_ = 0;
    bool started_ = false;
    bool made_ = false;
};

SSL_CTX* server(bool tls13) {
    static const test::Identity identity = test::make_identity({});
    static const tls::ContextPtr newer = test::server_context(identity);
    static const tls::ContextPtr older = [] {
        tls::ContextPtr context = test::server_context(identity);
        SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
        return context;
    }();
    return tls13 ? newer.get() : older.get();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const unsigned mode = data[0];
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const bool raw = (mode & 1) != 0;
    Changes changes(input);

    test::Encounter met(server((mode & 2) != 0));
    expect(met.made.has_value());
    if ((mode & 4) != 0) met.peer.longest_read = 1;
    met.peer.hung_up = (mode & 8) != 0;
    if (raw) {
        met.peer.on_the_way = [input, given = false](std::string& wire) mutable {
            wire = given ? std::string() : std::string(input);
            given = true;
        };
    } else {
        met.peer.on_the_way = [&changes](std::string& wire) { changes.apply(wire); };
    }

    const Result<tls::Established> agreed = met.handshake();
    if (!agreed) {
        expect(agreed.error().stage == Stage::handshake);
        expect(!agreed.error().detail.empty());
        return 0;
    }
    expect(!raw);  // without keys no handshake succeeds
    (void)met.says("EHLO me.example\r\n");
    if (SSL_is_init_finished(met.peer.ssl()) && met.peer.trouble.empty()) met.peer.says(greeting);
    std::string heard;
    for (;;) {
        const Result<std::string> more = met.hears(16);
        if (!more || more->empty()) break;
        heard += *more;
        expect(heard.size() <= greeting.size());
    }
    expect(greeting.starts_with(heard));
    expect(changes.made() || heard == greeting);
    return 0;
}

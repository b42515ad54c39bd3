// The server on real sockets of the loopback, with real TLS: STARTTLS, TLS from the first byte,
// many clients at the same time, and those that behave badly below SMTP.
#include "sink/server.hpp"

#include <chrono>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "sink/authority.hpp"
#include "sink/endpoint.hpp"
#include "sink/server_context.hpp"
#include "talk.hpp"

namespace tern::sink {
namespace {

using test::Logged;
using test::usual_settings;
using testing::HasSubstr;
using testing::StartsWith;

// A server that runs as long as the object lives.
class Running {
public:
    explicit Running(Settings settings = usual_settings(), KeyKind kind = KeyKind::ecdsa,
                     int days = 30)
        : settings_(std::move(settings)), authority_(kind) {
        const std::vector<std::string> names = {"mx.example", "127.0.0.1"};
        context_ = make_server_context(TlsSettings(), authority_.issue(names, days));
        for (const Door::Kind door : {Door::Kind::smtp, Door::Kind::smtps, Door::Kind::qmtp})
            doors_.push_back({listen_on(*parse_endpoint("127.0.0.1:0")), door});
        shared_.reset(
            new Server::Shared{settings_, logged.journal, context_.get(), names_, doors_});
        server_.emplace(*shared_);
    }
    ~Running() { server_->stop(); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    /// A connected socket; a read that takes ten seconds fails.
    Descriptor connect(std::size_t door) const {
        const Endpoint there = local_end(doors_[door].socket.get());
        Descriptor made(::socket(there.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const int on = 1;
        ::setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const timeval timeout{10, 0};
        ::setsockopt(made.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
        EXPECT_EQ(
            ::connect(made.get(), reinterpret_cast<const sockaddr*>(&there.bytes), there.length),
            0);
        return made;
    }
    void stop() { server_->stop(); }
    std::string authority() const { return authority_.pem(); }

    Logged logged;

private:
    Settings settings_;
    Authority authority_;
    OpenSslPointer<SSL_CTX> context_;
    NameServer names_;
    std::vector<Door> doors_;
    std::unique_ptr<Server::Shared> shared_;
    std::optional<Server> server_;
};

// An SMTP client over a socket, in clear or in TLS.
class Client {
public:
    explicit Client(Descriptor socket) : socket_(std::move(socket)) {}

    /// Gives whether the handshake went well, the certificate being checked for mx.example.
    bool start_tls(const std::string& authority) {
        context_.reset(SSL_CTX_new(TLS_client_method()));
        const OpenSslPointer<BIO> memory(
            BIO_new_mem_buf(authority.data(), static_cast<int>(authority.size())));
        const OpenSslPointer<X509> certificate(
            PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), certificate.get());
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
        tls_.reset(SSL_new(context_.get()));
        SSL_set1_host(tls_.get(), "mx.example");
        std::string name = "mx.example";
        SSL_ctrl(tls_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
        constexpr unsigned char protocols[] = {4, 's', 'm', 't', 'p'};
        SSL_set_alpn_protos(tls_.get(), protocols, sizeof protocols);
        SSL_set_fd(tls_.get(), socket_.get());
        return SSL_connect(tls_.get()) == 1;
    }

    void send(std::string_view bytes) {
        std::size_t count = 0;
        if (tls_) EXPECT_EQ(SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &count), 1);
        else
            EXPECT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                      static_cast<ssize_t>(bytes.size()));
    }

    /// The next line, without CR LF; empty when there is none.
    std::string line() {
        for (;;) {
            const std::size_t end = received_.find("\r\n");
            if (end != std::string::npos) {
                const std::string made = received_.substr(0, end);
                received_.erase(0, end + 2);
                return made;
            }
            char buffer[4096];
            const int count =
                tls_ ? SSL_read(tls_.get(), buffer, sizeof buffer)
                     : static_cast<int>(::recv(socket_.get(), buffer, sizeof buffer, 0));
            if (count <= 0) return "";
            received_.append(buffer, static_cast<std::size_t>(count));
        }
    }

    /// The last line of the next reply.
    std::string reply() {
        std::string made = line();
        while (made.size() > 3 && made[3] == '-') made = line();
        return made;
    }

    /// What came and was no line.
    std::string rest() const { return received_; }

    std::string say(std::string_view words) {
        send(std::string(words) + "\r\n");
        return reply();
    }

    /// A whole transaction.
    std::string deliver(std::string_view text) {
        EXPECT_THAT(say("EHLO me.example"), StartsWith("250"));
        EXPECT_THAT(say("MAIL FROM:<a@b.example>"), StartsWith("250"));
        EXPECT_THAT(say("RCPT TO:<c@d.example>"), StartsWith("250"));
        EXPECT_THAT(say("DATA"), StartsWith("354"));
        send(text);
        return say(".");
    }

private:
    Descriptor socket_;
    OpenSslPointer<SSL_CTX> context_;
    OpenSslPointer<SSL> tls_;
    std::string received_;
};

TEST(Server, TakesAMessageInClear) {
    Running server;
    Client client(server.connect(0));
    EXPECT_THAT(client.reply(), StartsWith("220 mx.example"));
    EXPECT_THAT(client.deliver("text\r\n"), StartsWith("250"));
    EXPECT_THAT(client.say("QUIT"), StartsWith("221"));
    EXPECT_EQ(client.line(), "");
}

TEST(Server, TakesAMessageBehindStarttls) {
    for (const KeyKind kind : {KeyKind::ecdsa, KeyKind::rsa, KeyKind::ed25519}) {
        Running server(usual_settings(), kind);
        Client client(server.connect(0));
        client.reply();
        client.say("EHLO me.example");
        EXPECT_THAT(client.say("STARTTLS"), StartsWith("220"));
        ASSERT_TRUE(client.start_tls(server.authority()));
        EXPECT_THAT(client.deliver("text\r\n"), StartsWith("250"));
        EXPECT_THAT(server.logged.log(),
                    HasSubstr(R"("tls":{"starttls":true,"version":"TLSv1.3")"));
        EXPECT_THAT(server.logged.log(), HasSubstr(R"("sni":"mx.example","alpn":["smtp"])"));
        EXPECT_EQ(server.logged.faults(), 0U);
    }
}

TEST(Server, TakesAMessageInTlsFromTheFirstByte) {
    Running server;
    Client client(server.connect(1));
    ASSERT_TRUE(client.start_tls(server.authority()));
    EXPECT_THAT(client.reply(), StartsWith("220"));
    EXPECT_THAT(client.deliver("text\r\n"), StartsWith("250"));
    EXPECT_THAT(server.logged.log(), HasSubstr(R"("tls":{"starttls":false)"));
    EXPECT_THAT(client.say("QUIT"), StartsWith("221"));
}

TEST(Server, TakesAMessageByQmtp) {
    Running server;
    Client client(server.connect(2));
    client.send("6:\na\nb\nc,3:a@b,12:3:c@d,3:e@f,,");
    client.send("0:");  // which is no message: the server leaves
    EXPECT_EQ(client.line(), "");
    EXPECT_EQ(client.rest(), "14:Kmessage taken,14:Kmessage taken,");
    EXPECT_THAT(server.logged.log(), HasSubstr(R"("body":"a\r\nb\r\nc")"));
    EXPECT_THAT(server.logged.log(), HasSubstr(R"("transfer":"QMTP")"));
}

TEST(Server, HasCertificatesThatDoNotVerify) {
    Running expired(usual_settings(), KeyKind::ecdsa, -1);
    Client late(expired.connect(1));
    EXPECT_FALSE(late.start_tls(expired.authority()));
    Running server;
    Client stranger(server.connect(1));
    EXPECT_FALSE(stranger.start_tls(expired.authority()));
}

TEST(Server, BlamesClearTextInsteadOfAHandshake) {
    Running server;
    Client client(server.connect(0));
    client.reply();
    client.say("EHLO me.example");
    client.say("STARTTLS");
    EXPECT_EQ(client.say("EHLO me.example"), "");
    EXPECT_EQ(server.logged.times(Violation::clear_after_tls), 1U);
}

TEST(Server, TakesLargeTextsInTls) {
    Running server;
    Client client(server.connect(1));
    ASSERT_TRUE(client.start_tls(server.authority()));
    client.reply();
    std::string text;
    while (text.size() < 5000000) text += "a line of the large text, neither long nor short\r\n";
    EXPECT_THAT(client.deliver(text), StartsWith("250"));
    EXPECT_THAT(server.logged.log(), HasSubstr("\"size\":" + std::to_string(text.size()) + ","));
    EXPECT_EQ(server.logged.faults(), 0U);
}

TEST(Server, ServesManyAtOnce) {
    Settings settings = usual_settings();
    settings.threads = 3;
    settings.body.most_in_log = 0;
    Running server(std::move(settings));
    constexpr int clients = 200;
    std::vector<std::unique_ptr<Client>> all;
    for (int i = 0; i < clients; ++i) all.push_back(std::make_unique<Client>(server.connect(0)));
    for (const auto& client : all) EXPECT_THAT(client->reply(), StartsWith("220"));
    for (const auto& client : all) EXPECT_THAT(client->deliver("text\r\n"), StartsWith("250"));
    EXPECT_THAT(server.logged.journal.summary_json(), HasSubstr("\"messages\":200,"));
}

TEST(Server, TurnsAwayThoseBeyondItsLimit) {
    Settings settings = usual_settings();
    settings.most_connections = 1;
    Running server(std::move(settings));
    Client first(server.connect(0));
    EXPECT_THAT(first.reply(), StartsWith("220"));
    Client second(server.connect(0));
    EXPECT_THAT(second.reply(), StartsWith("421"));
    EXPECT_THAT(first.say("NOOP"), StartsWith("250"));
}

TEST(Server, LeavesThoseWhoAreSilent) {
    Settings settings = usual_settings();
    settings.idle = std::chrono::seconds(0);
    Running server(std::move(settings));
    Client client(server.connect(0));
    EXPECT_THAT(client.reply(), StartsWith("220"));
    EXPECT_EQ(client.line(), "");
    server.stop();
    EXPECT_THAT(server.logged.journal.summary_json(), HasSubstr("\"ended_by_idle_limit\":1"));
}

TEST(Server, DelaysEachReply) {
    Settings settings = usual_settings();
    settings.delay = std::chrono::milliseconds(30);
    Running server(std::move(settings));
    const auto begin = std::chrono::steady_clock::now();
    Client client(server.connect(0));
    client.reply();
    client.send("EHLO me.example\r\n");
    client.reply();
    client.send("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\n");
    EXPECT_THAT(client.reply(), StartsWith("250"));
    EXPECT_THAT(client.reply(), StartsWith("250"));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(120));
    EXPECT_EQ(server.logged.faults(), 0U);
}

std::chrono::nanoseconds processor_time() {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

std::chrono::nanoseconds processor_time_of_a_moment() {
    const std::chrono::nanoseconds before = processor_time();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return processor_time() - before;
}

TEST(Server, StaysAwakeWhileAClientIsConnected) {
    constexpr std::chrono::milliseconds little(20);
    Settings settings = usual_settings();
    settings.awake = true;
    Running server(std::move(settings));
    EXPECT_LT(processor_time_of_a_moment(), little);
    {
        Client client(server.connect(0));
        EXPECT_THAT(client.reply(), StartsWith("220"));
        std::chrono::nanoseconds used(0);
        for (int i = 0; i < 100 && used < little; ++i) used += processor_time_of_a_moment();
        EXPECT_GE(used, little);
        EXPECT_THAT(client.deliver("text\r\n"), StartsWith("250"));
        client.say("QUIT");
    }
    EXPECT_LT(processor_time_of_a_moment(), little);
}

TEST(Server, NoticesWhoGoesInTheMiddleOfAMessage) {
    Running server;
    {
        Client client(server.connect(0));
        client.reply();
        client.say("EHLO me.example");
        client.send("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
        for (int i = 0; i < 3; ++i) client.reply();
        client.send("half of");
    }
    server.stop();
    EXPECT_THAT(server.logged.journal.summary_json(), HasSubstr("\"lost_in_message\":1"));
    EXPECT_THAT(server.logged.journal.summary_json(), HasSubstr("\"messages\":0"));
}

}  // namespace
}  // namespace tern::sink

// A scripted server; see peer.hpp.
#include "support/peer.hpp"

#include <utility>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace tern::test {
namespace {

constexpr Deadline never = Deadline::max();
constexpr std::string_view end_of_data = "\r\n.\r\n";

}  // namespace

Peer::Peer(Simulation& simulation, std::shared_ptr<Wire> wire, std::string label)
    : simulation_(simulation),
      wire_(std::move(wire)),
      label_(std::move(label)),
      end_(std::make_unique<WireEnd>(wire_, Side::server)) {}

Task<Done> Peer::says(std::string lines) {
    std::string bytes;
    for (const char c : lines) {
        if (c == '\n') bytes += '\r';
        bytes += c;
    }
    bytes += "\r\n";
    co_return co_await says_raw(std::move(bytes));
}

Task<Done> Peer::says_raw(std::string bytes, std::string as) {
    simulation_.note(concat(label_, " S: ", as.empty() ? shown(bytes) : as));
    record.said(bytes);
    co_return co_await stream().write(bytes, never);
}

Task<Done> Peer::fill() {
    const std::size_t got = co_await stream().read_some(buffer_, never);
    if (got == 0) co_return Failure(Stage::start, Cause::closed, "the client closed");
    unread_.append(buffer_, got);
    co_return Done();
}

Task<std::string> Peer::hears() {
    constexpr char handshake_record = 0x16;  // RFC 8446 5.1
    std::size_t end = unread_.find('\n');
    while (end == std::string::npos) {
        co_await fill();
        end = unread_.find('\n');
        // Its bytes are random: no seed says where a line would end in them.
        if (unread_.front() == handshake_record)
            co_return Failure(Stage::start, Cause::protocol_error, "the client speaks TLS");
    }
    std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    // What is said in AUTH depends on nonces that the seed does not draw.
    const bool response = record.hears_responses();
    simulation_.note(concat(label_, " C: ", response ? "(response)" : shown(line)));
    if (line.empty() || line.back() != '\r')
        co_return Failure(Stage::start, Cause::protocol_error, "the client's line ends without CR");
    line.pop_back();
    record.heard(line);
    co_return line;
}

Task<std::string> Peer::hears_bytes(std::size_t count) {
    while (unread_.size() < count) co_await fill();
    std::string bytes = unread_.substr(0, count);
    unread_.erase(0, count);
    simulation_.note(concat(label_, " C: ", shown(bytes)));
    co_return bytes;
}

Task<Done> Peer::expects(std::string line) {
    const std::string heard = co_await hears();
    if (heard == line) co_return Done();
    co_return Failure(Stage::start, Cause::protocol_error,
                      concat("expected \"", line, "\", the client said \"", heard, "\""));
}

Task<bool> Peer::hears_chunk(std::string command) {
    const std::size_t size = leading_number(command.substr(5), 1'000'000).value_or(0);
    const bool last = command.ends_with(" LAST");
    while (unread_.size() < size) co_await fill();
    chunks_ += unread_.substr(0, size);
    unread_.erase(0, size);
    simulation_.note(
        concat(label_, " C: (", size, " bytes of message", last ? " and its end)" : ")"));
    if (last) record.messages.push_back(std::exchange(chunks_, std::string()));
    co_return last;
}

Task<ServerLogin::State> Peer::takes_auth(std::string command, std::string user,
                                          std::string secret) {
    login_ = std::make_unique<ServerLogin>(std::move(user), std::move(secret));
    co_return login_->begin(command);
}

Task<ServerLogin::State> Peer::hears_response() {
    const std::string line = co_await hears();
    co_return login_->respond(line);
}

Task<Done> Peer::challenges() {
    std::string line = login_->challenge() + "\r\n";
    co_return co_await says_raw(std::move(line), "334 (challenge)");
}

Task<Done> Peer::hears_anything() {
    if (unread_.empty()) co_await fill();
    co_return Done();
}

Task<std::string> Peer::hears_message() {
    // The CR LF of DATA itself begins the first line.
    std::string message = "\r\n";
    for (;;) {
        const std::size_t seen = message.size();
        message += unread_;
        const std::size_t end =
            message.find(end_of_data, seen < end_of_data.size() ? 0 : seen - end_of_data.size());
        if (end != std::string::npos) {
            unread_ = message.substr(end + end_of_data.size());
            message.resize(end + 2);
            break;
        }
        unread_.clear();
        co_await fill();
    }
    message.erase(0, 2);
    simulation_.note(concat(label_, " C: (", message.size(), " bytes of message and its end)"));
    record.messages.push_back(message);
    record.heard_end_of_data();
    co_return message;
}

Task<Done> Peer::starts_tls(std::string name, Certificate kind) {
    tls_ = std::make_unique<ServerTls>(*end_, server_context(name, kind));
    Result<Done> accepted = co_await tls_->accept(never).outcome();
    record.server_name = tls_->server_name();
    simulation_.note(concat(label_, accepted ? " TLS, asked for " : " no TLS, asked for ",
                            record.server_name, accepted ? "" : ": ",
                            accepted ? "" : accepted.error().detail));
    co_return accepted;
}

Task<Done> Peer::asks_for_renegotiation() {
    co_return co_await tls_->asks_for_renegotiation(never);
}

Task<Done> Peer::goes_mute() {
    simulation_.note(concat(label_, " goes mute"));
    for (;;) {
        const std::size_t got = co_await stream().read_some(buffer_, never);
        if (got == 0) co_return Done();
    }
}

Task<Done> Peer::goes_deaf() {
    simulation_.note(concat(label_, " goes deaf"));
    while (!wire_->closed_by(Side::client)) co_await simulation_.sleep(std::chrono::minutes(1));
    co_return Done();
}

void Peer::hangs_up() {
    simulation_.note(concat(label_, " hangs up"));
    wire_->close(Side::server);
}

void Peer::resets() {
    simulation_.note(concat(label_, " resets the connection"));
    wire_->reset(Side::server);
}

Peer::Heard Peer::heard(bool tls_from_the_first_byte) {
    constexpr std::string_view command = "STARTTLS\r\n";
    constexpr char handshake_record = 0x16;  // RFC 8446 5.1
    const std::string& written = wire_->written_by(Side::client);
    Heard heard;
    std::size_t begin = tls_from_the_first_byte ? 0 : written.find(command);
    if (begin != std::string::npos && !tls_from_the_first_byte) begin += command.size();
    if (begin == std::string::npos || begin >= written.size() ||
        written[begin] != handshake_record) {
        heard.clear = written;
        return heard;
    }
    heard.tls_begun = true;
    heard.clear = written.substr(0, begin);
    if (tls_) {
        tls_->decrypt_rest(std::string_view(written).substr(begin));
        heard.secured = tls_->decrypted();
    }
    return heard;
}

}  // namespace tern::test

// Bytes of a server after a package of QMTP, or before its end: what is written is the package and
// nothing else, and what the answers mean is what a plain reading of them says.
// Byte 0 parts what is said, byte 1 chooses recipients and ending, byte 2 the message and whether
// the server waits for the end of the package.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/tools.hpp"
#include "session/qmtp.hpp"
#include "support/text_message.hpp"

namespace {

using namespace tern;
using tern::fuzz::expect;

/// Takes everything; says its bytes in pieces, from the beginning or once so much was written, then
/// hangs up or is mute.
class Server final : public Stream {
public:
    Server(std::string_view says, std::size_t piece, std::size_t awaits, bool hangs_up)
        : says_(says), piece_(piece), awaits_(awaits), hangs_up_(hangs_up) {}

    Task<std::size_t> read_some(std::span<char> into, Deadline) override {
        const bool speaks = written.size() >= awaits_;
        if (!speaks || (says_.empty() && !hangs_up_))
            co_return Failure(Stage::start, Cause::timed_out, "nothing more is said");
        const std::size_t count = says_.copy(into.data(), std::min(piece_, into.size()));
        says_.remove_prefix(count);
        co_return count;
    }
    Task<Done> write(std::string_view bytes, Deadline) override {
        written += bytes;
        co_return Done();
    }

    std::string written;

private:
    std::string_view says_;
    const std::size_t piece_;
    const std::size_t awaits_;
    const bool hangs_up_;
};

std::string netstring(std::string_view text) {
    return std::to_string(text.size()) + ":" + std::string(text) + ",";
}

// The next answer as the memo describes it, from the front of `bytes`; nothing where there is none.
std::optional<std::string> next_answer(std::string_view& bytes) {
    const std::size_t colon = bytes.find(':');
    if (colon == 0 || colon == std::string_view::npos || colon > 7) return std::nullopt;
    std::size_t length = 0;
    for (const char c : bytes.substr(0, colon)) {
        if (c < '0' || c > '9') return std::nullopt;
        length = length * 10 + static_cast<std::size_t>(c - '0');
    }
    if (length > 1024UL * 1024 || std::to_string(length) != bytes.substr(0, colon))
        return std::nullopt;
    const std::string_view rest = bytes.substr(colon + 1);
    if (rest.size() <= length || rest[length] != ',') return std::nullopt;
    if (length == 0 || std::string_view("KZD").find(rest.front()) == std::string_view::npos)
        return std::nullopt;
    bytes = rest.substr(length + 1);
    return std::string(rest.substr(0, length));
}

int code_of(char letter) { return letter == 'K' ? 250 : letter == 'Z' ? 450 : 550; }

void expect_answers(std::string_view said, std::size_t recipients, bool succeeded,
                    const session::Progress& progress) {
    std::vector<std::string> answers;
    while (answers.size() < recipients) {
        std::optional<std::string> answer = next_answer(said);
        if (!answer) break;
        answers.push_back(std::move(*answer));
    }
    const bool complete = answers.size() == recipients;
    if (complete && !said.empty()) {
        expect(!succeeded && progress.recipients.empty() && !progress.accepted);
        return;
    }
    expect(progress.recipients.size() == answers.size());
    bool any_accepted = false;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const smtp::Reply& reply = *progress.recipients[i].reply;
        expect(reply.code == code_of(answers[i].front()));
        expect(reply.text == answers[i].substr(0, smtp::reported_text).substr(1));
        any_accepted = any_accepted || reply.positive();
    }
    expect(progress.accepted.has_value() == any_accepted);
    expect(succeeded == (complete && any_accepted));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::array<std::string_view, 4> messages = {"", "Subject: x\n\n.\n", "a\r\nb\rc\n",
                                                          "no newline"};
    constexpr std::array<std::string_view, 4> bodies = {"", "Subject: x\n\n.\n", "a\nb\nc\n", ""};
    if (size < 3) return 0;
    const std::string_view said(reinterpret_cast<const char*>(data) + 3, size - 3);
    const std::size_t which = data[2] % messages.size();
    const bool waits = (data[2] & 0x80U) == 0;

    session::Envelope envelope;
    envelope.sender = *smtp::parse_address("s@sender.example");
    const std::size_t recipients = 1 + data[1] % 4;
    envelope.recipients.assign(recipients, *smtp::parse_address("a b@c.example"));
    std::string series;
    for (std::size_t i = 0; i < recipients; ++i) series += netstring("a b@c.example");
    const std::string package = netstring("\n" + std::string(bodies[which])) +
                                netstring("s@sender.example") + netstring(series);

    const StoppedClock clock;
    TextMessage message(messages[which]);
    Server server(said, 1 + data[0], waits ? package.size() : 0, (data[1] & 0x80U) != 0);
    session::Progress progress;
    const Result<std::uint64_t> measured =
        session::measure_for_qmtp(clock, std::chrono::seconds(1), message).run();
    expect(measured.has_value() == (which != 3));
    if (!measured) return 0;
    expect(*measured == bodies[which].size());
    Task<Done> task = session::deliver_by_qmtp(clock, server, std::chrono::seconds(1), envelope,
                                               message, *measured,
                                               progress);
    const Result<Done> outcome = task.run();

    expect(std::string_view(package).starts_with(server.written));
    expect(progress.end_of_data_written == (server.written == package));
    // The words of a refusal are the server's, and there may be none.
    expect(outcome || outcome.error().cause == Cause::all_refused ||
           !outcome.error().detail.empty());
    const bool silent = said.empty() && (data[1] & 0x80U) == 0;
    expect(progress.end_of_data_written == (waits || silent));
    if (progress.end_of_data_written)
        expect_answers(said, recipients, outcome.has_value(), progress);
    else expect(!outcome && progress.recipients.empty() && !progress.accepted);
    return 0;
}

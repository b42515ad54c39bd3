// What a hostile server says in AUTH: whatever it is, an exchange ends, and no success is accepted
// that was not proven. The first byte chooses the mechanism, newlines part the challenges.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sasl/base64.hpp"
#include "sasl/exchange.hpp"
#include "sasl/scram.hpp"

namespace {

class Constant final : public tern::Random {
public:
    std::uint32_t below(std::uint32_t) override { return 0; }
};

constexpr unsigned mechanisms = 9;

// Iterations cost what they cost; the fuzzer is after the grammar.
bool costs_too_much(std::string_view challenge) {
    const auto read = tern::sasl::parse_scram_challenge(challenge);
    if (!read) return false;
    if (read->iterations == 0 || read->iterations > tern::sasl::most_iterations) std::abort();
    if (read->nonce.empty() || read->nonce.find(',') != std::string::npos) std::abort();
    return read->iterations > 20;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto mechanism = static_cast<tern::sasl::Mechanism>(data[0] % mechanisms);
    if (const auto bytes = tern::sasl::from_base64(rest))
        if (tern::sasl::to_base64(*bytes).reveal() != rest) std::abort();
    (void)tern::sasl::parse_scram_verdict(rest);

    const tern::sasl::Credentials credentials = tern::sasl::credentials_of_route("joe", "sesame");
    tern::sasl::Circumstances circumstances;
    circumstances.binding = tern::ChannelBinding{"tls-exporter", "data"};
    Constant random;
    const auto exchange = tern::sasl::begin(mechanism, credentials, circumstances, random);
    (void)exchange->first_words();
    const bool scram = mechanism <= tern::sasl::Mechanism::scram_sha_1;
    for (unsigned step = 0;; ++step) {
        const std::string_view challenge = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), challenge.size() + 1));
        if (costs_too_much(challenge)) return 0;
        const tern::sasl::Response response = exchange->respond(challenge);
        // No input of a fuzzer can carry the proof.
        if (scram && !exchange->objection()) std::abort();
        if (!response) break;
        if (step > 2) std::abort();
    }
    return 0;
}

// A server's words about a login, of any bytes: what redact() leaves to report gives nothing
// away, and words that do not are left as they are. Secrets end at a NUL each, the words are what
// follows.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.hpp"
#include "delivery/redact.hpp"
#include "fuzz/tools.hpp"
#include "sasl/base64.hpp"
#include "session/authenticate.hpp"

namespace {

using namespace tern;
using tern::fuzz::expect;

constexpr std::string_view our_words =
    "The mail was offered to a relay.\nThe server's words repeat our credentials and are left "
    "out.\n";

// The plainest spelling: it must be found whatever is around it.
void expect_found(const Secret& secret, const std::vector<Secret>& said) {
    const auto shown = [](char c) { return c > ' ' && !is_control(c); };
    if (std::ranges::none_of(secret.reveal(), shown)) return;
    std::string words = "535 ";
    words += secret.reveal();
    expect(session::hold_any(words, said));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    std::vector<Secret> said;
    for (std::size_t nul = rest.find('\0'); nul != rest.npos && said.size() < 4;
         nul = rest.find('\0')) {
        said.emplace_back(rest.substr(0, nul));
        said.push_back(sasl::to_base64(rest.substr(0, nul)));
        rest.remove_prefix(nul + 1);
    }
    for (const Secret& each : said) expect_found(each, said);
    // Where a secret is a part of our own words, they cannot be said without it.
    if (session::hold_any(our_words, said)) return 0;
    delivery::Report report;
    report.text = rest;
    report.recipients.push_back({'h', std::string(rest)});
    const bool telltale = session::hold_any(rest, said);
    delivery::redact(report, said);
    for (const std::string& words : {report.text, report.recipients.front().text}) {
        expect(telltale || words == rest);
        expect(!session::hold_any(words, said));
    }
    return 0;
}

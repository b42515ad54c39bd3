// A server's words about a login, of any bytes: what redact() leaves to report gives nothing
// away, and words that do not are left as they are. Secrets end at a NUL each, the words are what
// follows.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.hpp"
#include "delivery/own_phrases.hpp"
#include "delivery/redact.hpp"
#include "fuzz/tools.hpp"
#include "sasl/base64.hpp"
#include "session/authenticate.hpp"

namespace {

using namespace tern;
using tern::fuzz::expect;

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
    delivery::Report report;
    report.text = rest;
    report.recipients.push_back({'h', std::string(rest)});
    const bool telltale = session::hold_any(rest, said);
    delivery::redact(report, said);
    // Where a secret is a part of our own words, they cannot be said without it.
    const bool is_ours = std::ranges::any_of(
        delivery::own_phrases(), [&said](auto phrase) { return session::hold_any(phrase, said); });
    for (const std::string& words : {report.text, report.recipients.front().text}) {
        expect(telltale || words == rest);
        expect(is_ours || !session::hold_any(words, said));
    }
    expect(!session::hold_any(session::leave_out(rest, said), said));
    return 0;
}

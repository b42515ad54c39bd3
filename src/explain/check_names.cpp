// Files in control/ that nobody reads although somebody may have meant them to be read; see
// check_parts.hpp.
#include <algorithm>
#include <array>
#include <numeric>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "explain/check_parts.hpp"
#include "explain/printable.hpp"

namespace tern::explain {
namespace {

// qmail-remote(8), CONTROL FILES.
constexpr std::array<std::string_view, 18> ours = {
    "me", "helohost", "smtproutes", "smtproutes.d", "authsenders", "qmtproutes", "outgoingip",
    "outgoingip6", "domainips", "helohostbyip", "timeoutconnect", "timeoutremote", "timeoutdns",
    "chunksizeremote", "tlsclientciphers", "clientcert.pem", "tlshosts", "notlshosts"};
constexpr std::string_view preference = "addresspreference";

// Files of other programs that are one letter away from one of ours (qmail-control(5) and kin).
constexpr std::array<std::string_view, 4> others = {"tlsclients", "smtproutes.cdb", "mx", "mes"};

struct Foreign {
    std::string_view name;
    std::string_view family;
};
// What operators may count on and this qmail-remote does not read.
constexpr std::array<Foreign, 4> foreign = {{{"domaincerts", "s/qmail"},
                                             {"tlsdestinations", "s/qmail"},
                                             {"clientciphersuite", "indimail"},
                                             {"notlshosts_auto", "the combined patch set"}}};

// Insertions, deletions, replacements and swaps of neighbours that make b of a.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t(0));
    for (std::size_t i = 1; i <= a.size(); ++i) {
        now[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            now[j] = std::min({replaced, last[j] + 1, now[j - 1] + 1});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = std::min(now[j], before[j - 2] + 1);
        }
        before = std::exchange(last, now);
    }
    return last[b.size()];
}

bool is_known(std::string_view name) {
    return name == preference || std::ranges::find(ours, name) != ours.end() ||
           std::ranges::find(others, name) != others.end();
}

bool is_backup(std::string_view name) {
    return name.ends_with('~') || name.starts_with('#');
}

}  // namespace

void check_names(Checking& checking) {
    for (const std::string& name : names_in("control")) {
        const std::string path = text("control/", printable(name, 100));
        for (const Foreign& file : foreign)
            if (name == file.name)
                checking.found.warning(path, text("a file of ", file.family,
                                                  " that this qmail-remote does not read: what "
                                                  "it demands is not done"));
        if (is_known(name) || is_backup(name) || name.size() > 40) continue;
        const std::string lowered = lower(name);
        const auto close = [&lowered](std::string_view known) {
            return known.size() > 2 ? distance(lowered, known) <= 1 : lowered == known;
        };
        auto meant = std::ranges::find_if(ours, close);
        if (meant != ours.end())
            checking.found.warning(path, text("nobody reads it; is ", *meant, " meant?"),
                                   "rename or remove it");
        else if (close(preference))
            checking.found.warning(path, text("nobody reads it; is ", preference, " meant?"),
                                   "rename or remove it");
    }
}

}  // namespace tern::explain

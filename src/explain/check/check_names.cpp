// Files in control/ whose name is a misspelling of one that is read; see check_parts.hpp.
#include <algorithm>
#include <numeric>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "control/catalogue.hpp"
#include "explain/check/check_parts.hpp"
#include "explain/show/printable.hpp"

namespace tern::explain {
namespace {

using control::catalogue;
using control::ControlFile;

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
    const auto& others = control::of_other_programs;
    return std::ranges::find(catalogue, name, &ControlFile::name) != catalogue.end() ||
           std::ranges::find(others, name) != others.end() || is_foreign(name);
}

bool is_backup(std::string_view name) {
    return name.ends_with('~') || name.starts_with('#');
}

}  // namespace

void check_names(Checking& checking) {
    for (const std::string& name : names_in("control")) {
        if (is_known(name) || is_backup(name) || name.size() > 40) continue;
        const std::string lowered = lower(name);
        const auto close = [&lowered](std::string_view known) {
            return known.size() > 2 ? distance(lowered, known) <= 1 : lowered == known;
        };
        const auto meant = std::ranges::find_if(catalogue, close, &ControlFile::name);
        if (meant != catalogue.end())
            checking.found.warning(concat("control/", printable(name, 100)),
                                   concat("unknown control file (did you mean ", meant->name, "?)"),
                                   "rename or remove it");
    }
}

}  // namespace tern::explain

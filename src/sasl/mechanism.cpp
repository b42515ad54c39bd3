// The choice of a mechanism; see mechanism.hpp.
#include "sasl/mechanism.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"

namespace tern::sasl {
namespace {

struct Row {
    Mechanism mechanism;
    std::string_view name;
    Credentials::Kind kind;
    bool binds;
    bool reveals;
};

constexpr auto password = Credentials::Kind::password;
constexpr auto token = Credentials::Kind::token;

// In the order of Mechanism.
constexpr std::array table{
    Row{Mechanism::scram_sha_256_plus, "SCRAM-SHA-256-PLUS", password, true, false},
    Row{Mechanism::scram_sha_1_plus, "SCRAM-SHA-1-PLUS", password, true, false},
    Row{Mechanism::scram_sha_256, "SCRAM-SHA-256", password, false, false},
    Row{Mechanism::scram_sha_1, "SCRAM-SHA-1", password, false, false},
    Row{Mechanism::cram_md5, "CRAM-MD5", password, false, false},
    Row{Mechanism::plain, "PLAIN", password, false, true},
    Row{Mechanism::login, "LOGIN", password, false, true},
    Row{Mechanism::oauthbearer, "OAUTHBEARER", token, false, true},
    Row{Mechanism::xoauth2, "XOAUTH2", token, false, true},
};

const Row& row_of(Mechanism mechanism) { return table[static_cast<std::size_t>(mechanism)]; }

bool lists(std::string_view offered, std::string_view name) {
    while (!offered.empty()) {
        const std::string_view word = offered.substr(0, offered.find_first_of(" \t"));
        if (equal_ignoring_case(word, name)) return true;
        offered.remove_prefix(std::min(offered.size(), word.size() + 1));
    }
    return false;
}

}  // namespace

std::string_view name_of(Mechanism mechanism) { return row_of(mechanism).name; }

std::optional<Mechanism> mechanism_of(std::string_view name) {
    for (const Row& row : table)
        if (equal_ignoring_case(row.name, name)) return row.mechanism;
    return std::nullopt;
}

bool binds(Mechanism mechanism) { return row_of(mechanism).binds; }

bool reveals_secret(Mechanism mechanism) { return row_of(mechanism).reveals; }

std::span<const Mechanism> usual_order() {
    static constexpr auto order = [] {
        std::array<Mechanism, table.size()> all{};
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = table[i].mechanism;
        return all;
    }();
    return order;
}

std::optional<Mechanism> choose(std::string_view offered, Credentials::Kind kind, Footing footing,
                                std::span<const Mechanism> order) {
    for (const Mechanism mechanism : order) {
        const Row& row = row_of(mechanism);
        if (row.kind != kind) continue;
        if (row.binds && !footing.has_binding) continue;
        if (row.reveals && !footing.private_line) continue;
        if (lists(offered, row.name)) return row.mechanism;
    }
    return std::nullopt;
}

bool offers_binding(std::string_view offered) {
    return std::ranges::any_of(
        table, [offered](const Row& row) { return row.binds && lists(offered, row.name); });
}

}  // namespace tern::sasl

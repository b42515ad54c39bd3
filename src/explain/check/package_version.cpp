#include "explain/check/package_version.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/lines.hpp"

namespace tern::explain {
namespace {

// deb-version(7), "Sorting algorithm": letters before other signs, "~" before everything, even
// before the end.
int weight(char c) {
    constexpr int after_letters = 256;
    if (c == '~') return -1;
    if (is_digit(c)) return 0;
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return static_cast<unsigned char>(c) + (letter ? 0 : after_letters);
}

// The part in front that is no digit; taken off both.
std::strong_ordering compare_signs(std::string_view& a, std::string_view& b) {
    const auto ends = [](std::string_view text) { return text.empty() || is_digit(text[0]); };
    while (!ends(a) || !ends(b)) {
        const int left = a.empty() ? 0 : weight(a[0]);
        const int right = b.empty() ? 0 : weight(b[0]);
        if (left != right) return left <=> right;
        a.remove_prefix(1);
        b.remove_prefix(1);
    }
    return std::strong_ordering::equal;
}

std::string_view take_number(std::string_view& text) {
    std::size_t length = 0;
    while (length < text.size() && is_digit(text[length])) ++length;
    std::string_view number = text.substr(0, length);
    text.remove_prefix(length);
    number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
    return number;
}

std::strong_ordering compare_numbers(std::string_view a, std::string_view b) {
    return a.size() == b.size() ? a <=> b : a.size() <=> b.size();
}

std::strong_ordering compare_parts(std::string_view a, std::string_view b) {
    while (!a.empty() || !b.empty()) {
        if (const auto order = compare_signs(a, b); order != 0) return order;
        const std::string_view left = take_number(a);
        if (const auto order = compare_numbers(left, take_number(b)); order != 0) return order;
    }
    return std::strong_ordering::equal;
}

struct Parts {
    std::string_view epoch, upstream, revision;
};

Parts parts_of(std::string_view version) {
    Parts parts;
    if (const std::size_t colon = version.find(':'); colon != std::string_view::npos) {
        parts.epoch = version.substr(0, colon);
        version.remove_prefix(colon + 1);
    }
    const std::size_t dash = version.rfind('-');
    parts.upstream = version.substr(0, dash);
    if (dash != std::string_view::npos) parts.revision = version.substr(dash + 1);
    return parts;
}

}  // namespace

std::strong_ordering compare_versions(std::string_view a, std::string_view b) {
    const Parts left = parts_of(a);
    const Parts right = parts_of(b);
    if (const auto order = compare_parts(left.epoch, right.epoch); order != 0) return order;
    if (const auto order = compare_parts(left.upstream, right.upstream); order != 0) return order;
    return compare_parts(left.revision, right.revision);
}

std::vector<InstalledPackage> installed_packages(std::string_view dpkg_status,
                                                 bool (*wanted)(std::string_view name)) {
    std::vector<InstalledPackage> packages;
    std::string_view name;
    bool installed = false;
    for (Lines lines(dpkg_status); lines.next();) {
        const std::string_view line = lines.line();
        if (line.starts_with("Package: ")) {
            name = line.substr(sizeof "Package: " - 1);
            installed = false;
        } else if (line.empty()) {  // a paragraph of its own follows, with a name or without one
            name = {};
            installed = false;
        } else if (line.starts_with("Status: ")) {
            installed = line.ends_with(" installed");
        } else if (line.starts_with("Version: ") && installed && !name.empty() && wanted(name)) {
            packages.push_back({std::string(name), std::string(line.substr(9))});
        }
    }
    return packages;
}

}  // namespace tern::explain

// What a program of ours is made of, as the build wrote it into the program (its mark: see
// cmake/identification.cpp.in), `@(#) tern VERSION; commit COMMIT; NAME VERSION (PACKAGE); ...`
// with `, shared` after the package of a library that is not inside. Header only: tern-sink uses
// none of the sender's libraries.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

extern "C" const char tern_identification[];

namespace tern {

/// What every mark begins with.
constexpr std::string_view mark_of_programs = "@(#) tern ";

struct BuiltLibrary {
    std::string_view name;     ///< OpenSSL
    std::string_view version;  ///< of the package, as dpkg has it
    std::string_view package;  ///< libssl-dev
    bool inside = true;        ///< false: a shared library that the program finds at its start

    friend bool operator==(const BuiltLibrary&, const BuiltLibrary&) = default;
};

/// The mark for people: `tern VERSION`, then a line for the commit and for each library. `name` is
/// the program's.
[[nodiscard]] inline std::string build_description(std::string_view name, std::string_view mark) {
    std::string lines(name);
    constexpr std::size_t behind_name = mark_of_programs.size() - 1;
    mark.remove_prefix(std::min(mark.size(), behind_name));
    for (std::size_t end = 0; end != std::string_view::npos;) {
        end = mark.find("; ");
        lines += mark.substr(0, end);
        if (end == std::string_view::npos) break;
        lines += '\n';
        mark.remove_prefix(end + 2);
    }
    return lines;
}

/// The libraries that a mark names.
[[nodiscard]] inline std::vector<BuiltLibrary> built_libraries(std::string_view mark) {
    std::vector<BuiltLibrary> libraries;
    for (std::size_t next = mark.find("; "); next != std::string_view::npos;) {
        mark.remove_prefix(next + 2);
        next = mark.find("; ");
        std::string_view part = mark.substr(0, next);
        const std::size_t blank = part.find(' ');
        const std::size_t opens = part.rfind(" (");
        if (opens == std::string_view::npos || opens <= blank || !part.ends_with(')')) continue;
        std::string_view package = part.substr(opens + 2, part.size() - opens - 3);
        const std::size_t comma = package.find(',');
        const bool inside = comma == std::string_view::npos;
        libraries.push_back({part.substr(0, blank), part.substr(blank + 1, opens - blank - 1),
                             package.substr(0, comma), inside});
    }
    return libraries;
}

/// The mark within the bytes of a program; empty where it is none of ours.
[[nodiscard]] inline std::string_view mark_in(std::string_view program) {
    const std::size_t begins = program.find(mark_of_programs);
    if (begins == std::string_view::npos) return {};
    const std::string_view mark = program.substr(begins);
    return mark.substr(0, mark.find('\0'));
}

}  // namespace tern

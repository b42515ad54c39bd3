// The place of a decision.
#pragma once

#include <cstddef>
#include <string>

namespace tern::routing {

/// The file and line that decided.
struct Origin {
    std::string file;      ///< "control/smtproutes"; empty: no file decided
    std::size_t line = 0;  ///< counted from 1
    /// `control/smtproutes, line 3`.
    [[nodiscard]] std::string to_string() const;
    friend bool operator==(const Origin&, const Origin&) = default;
};

}  // namespace tern::routing

// Colour for a terminal, or none. It writes nothing itself.
#pragma once

#include <string>
#include <string_view>

#include "base/text.hpp"

namespace tern::explain {

class Paint {
public:
    explicit Paint(bool coloured) : coloured_(coloured) {}

    [[nodiscard]] std::string good(std::string_view words) const { return in("32", words); }
    [[nodiscard]] std::string bad(std::string_view words) const { return in("1;31", words); }
    [[nodiscard]] std::string warning(std::string_view words) const { return in("33", words); }
    [[nodiscard]] std::string heading(std::string_view words) const { return in("1", words); }
    [[nodiscard]] std::string ours(std::string_view words) const { return in("36", words); }
    [[nodiscard]] std::string faint(std::string_view words) const { return in("2", words); }

private:
    // ECMA-48, Select Graphic Rendition.
    [[nodiscard]] std::string in(std::string_view colour, std::string_view words) const {
        if (!coloured_ || words.empty()) return std::string(words);
        return concat("\x1b[", colour, "m", words, "\x1b[0m");
    }

    bool coloured_;
};

}  // namespace tern::explain

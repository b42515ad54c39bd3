// What is wrong in the text of a control file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "routing/origin.hpp"

namespace tern::routing {

/// A line that would defer the mail it decides, or that can never decide.
struct Mistake {
    Origin origin;
    std::string what;  ///< with how to fix it, one sentence without a full stop
    bool defers = true;  ///< false: it defers no mail, the line only has no effect
    bool grave = false;  ///< it defers no mail, but the operator would be badly mistaken
    friend bool operator==(const Mistake&, const Mistake&) = default;
};

/// Collects the mistakes of one file.
class MistakeList {
public:
    explicit MistakeList(std::string_view file) : file_(file) {}

    /// Of a line that defers the mail it decides; line 0 is the file as a whole.
    void add_deferring(std::size_t line, std::string what) {
        add(line, std::move(what), true, false);
    }
    /// Of a line that has no effect, or a part that has none.
    void add_ignored(std::size_t line, std::string what, bool grave = false) {
        add(line, std::move(what), false, grave);
    }
    /// Of a line whose mail a later one decides.
    void add_overridden(std::size_t line, std::size_t by);

    [[nodiscard]] std::vector<Mistake> take() { return std::move(list_); }

private:
    void add(std::size_t line, std::string what, bool defers, bool grave) {
        list_.push_back(Mistake{Origin{file_, line}, std::move(what), defers, grave});
    }

    std::string file_;
    std::vector<Mistake> list_;
};

}  // namespace tern::routing

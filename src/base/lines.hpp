// Lines and words of a text, without copying, and trimming. Of what a line means nothing is known
// here.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace tern {

/// What separates words in a line, and is trimmed: blanks, tabs and CRs.
inline constexpr std::string_view blanks = " \t\r";

/// The lines of a text, in one pass; each memchr(3) sees a block at a time.
class Lines {
public:
    /// `content` must outlive it.
    explicit Lines(std::string_view content) : rest_(content) {}

    /// Goes on to the next line; false when there is none. An empty text has no line.
    bool next() {
        if (rest_.empty()) return false;
        const std::size_t end = rest_.find('\n');
        line_ = rest_.substr(0, end);
        rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
        ++number_;
        return true;
    }
    /// Without its newline.
    [[nodiscard]] std::string_view line() const { return line_; }
    [[nodiscard]] std::size_t number() const { return number_; }  ///< counted from 1

private:
    std::string_view rest_;
    std::string_view line_;
    std::size_t number_ = 0;
};

/// The first line of a text, without its newline; empty where there is none.
[[nodiscard]] inline std::string_view first_line(std::string_view text) {
    return text.substr(0, text.find('\n'));
}

/// Without the blanks at its beginning.
[[nodiscard]] std::string_view trim_start(std::string_view text);
/// Without the blanks at its end.
[[nodiscard]] std::string_view trim_end(std::string_view text);
/// Without the blanks on either side.
[[nodiscard]] std::string_view trim(std::string_view text);

/// Removes the first word from `rest`, with the separators before it; empty where there is none.
[[nodiscard]] std::string_view next_word(std::string_view& rest,
                                         std::string_view separators = blanks);

/// Removes from `rest` what precedes the first `separator`, and the separator; all where there is
/// none.
std::string_view next_field(std::string_view& rest, char separator);

}  // namespace tern

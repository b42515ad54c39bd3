// Lines of control files as they are read one after another, and how their words are quoted in
// reports. What a line means is not known here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tern::routing {

/// The lines of a text, in one pass and without copying; each memchr(3) sees a block at a time.
class ControlLines {
public:
    /// `content` must outlive it.
    explicit ControlLines(std::string_view content) : rest_(content) {}

    /// Goes on to the next line; false when there is none. An empty text has no line.
    bool next() {
        if (rest_.empty()) return false;
        const std::size_t end = rest_.find('\n');
        line_ = rest_.substr(0, end);
        rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
        ++number_;
        return true;
    }
    [[nodiscard]] std::string_view line() const { return line_; }
    [[nodiscard]] std::size_t number() const { return number_; }  ///< counted from 1

private:
    std::string_view rest_;
    std::string_view line_;
    std::size_t number_ = 0;
};

/// Without blanks, tabs and CRs at its end (contract.md#control-files).
[[nodiscard]] std::string_view without_trailing_blanks(std::string_view text);
/// Without those at its beginning.
[[nodiscard]] std::string_view without_leading_blanks(std::string_view text);

/// Whether a line says nothing: empty, blanks alone, or a comment.
[[nodiscard]] bool says_nothing(std::string_view line);

/// `part` in quotation marks, up to its first '|' or blank: what follows might be a password, and
/// reports go to logs and senders.
[[nodiscard]] std::string in_quotes(std::string_view part);

}  // namespace tern::routing

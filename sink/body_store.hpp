// What becomes of a message's text: counted, digested, compared, kept. It does not look at lines;
// that is the scanner's part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sink/body_scanner.hpp"
#include "sink/descriptor.hpp"
#include "sink/digest.hpp"
#include "sink/settings.hpp"

namespace tern::sink {

/// What every message is to be. Nothing set: anything will do.
struct Expectation {
    std::vector<std::string> digests;  ///< SHA-256 in lower-case hex, one of them
    std::optional<std::string> text;   ///< as on the wire, with CR LF

    bool any() const { return text.has_value() || !digests.empty(); }
};

/// Gives the text that a Unix file becomes on the wire: each LF, CR LF and lone CR becomes CR LF.
std::string with_wire_newlines(std::string_view file);

/// Gives the content of a file, at most `most` bytes. Throws std::runtime_error with the reason.
std::string read_file(const std::string& path, std::size_t most);

/// A message's text, put away.
struct StoredBody {
    std::uint64_t size = 0;
    std::string digest;               ///< empty where none was asked for
    std::optional<std::string> text;  ///< for the log; nothing when it is long or unwanted
    std::string path;                 ///< of the file in the maildir
    bool as_expected = true;
    std::string trouble;  ///< why it could not be kept

    /// The message that came in place of an expected one, in words.
    std::string what_came_instead() const;
};

class BodyStore : public BodyReceiver {
public:
    /// Both must outlive the store.
    BodyStore(const BodySettings& settings, const Expectation& expectation);
    ~BodyStore() override;

    void take(std::string_view piece) override;
    /// Says that the text is complete; moves the file to its place in the maildir.
    StoredBody finish();
    std::uint64_t size() const { return size_; }

private:
    void open_file();
    void write_file(std::string_view piece);
    void compare(std::string_view piece);

    const BodySettings& settings_;
    const Expectation& expectation_;
    std::optional<Sha256> digest_;
    Descriptor file_;
    std::string file_name_;
    std::string text_;
    std::string trouble_;
    std::uint64_t size_ = 0;
    bool text_fits_ = true;
    bool as_expected_ = true;
};

}  // namespace tern::sink

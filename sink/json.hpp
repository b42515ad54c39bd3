// Writes JSON (RFC 8259), one value after the other. It does not read any. Not by nlohmann-json, as
// tern does: what clients send must be had back byte for byte, and that library cannot write the
// lone surrogates in place of bytes that are not UTF-8; it throws, replaces or leaves out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tern::sink {

/// Writes JSON in the order of its calls. A byte that is not UTF-8 becomes the lone surrogate
/// U+DC80 to U+DCFF, as in Python's "surrogateescape", so that every byte can be had back.
class JsonWriter {
public:
    void open_object() { open('{'); }
    void close_object() { close('}'); }
    void open_array() { open('['); }
    void close_array() { close(']'); }
    /// The name of the value that comes next, in an object.
    void key(std::string_view name);
    void string(std::string_view value);
    void integer(std::uint64_t value);
    void boolean(bool value);
    void null();

    void field(std::string_view name, std::string_view value) { key(name), string(value); }
    void field(std::string_view name, const char* value) { key(name), string(value); }
    void field(std::string_view name, std::uint64_t value) { key(name), integer(value); }
    void field(std::string_view name, bool value) { key(name), boolean(value); }

    const std::string& text() const { return text_; }

private:
    void open(char bracket);
    void close(char bracket);
    void separate();
    void quoted(std::string_view value);

    std::string text_;
    bool first_ = true;  // nothing yet in the innermost object or array, or after a key
};

}  // namespace tern::sink

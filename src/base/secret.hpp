// Bytes that nobody else may see: passwords, tokens and what is made of them. They are wiped when
// they are no longer needed, and no stream, report or text(...) takes them.
#pragma once

#include <string.h>  // explicit_bzero, which the compiler may not leave out

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace tern {

class Secret {
public:
    Secret() = default;
    explicit Secret(std::string_view bytes) : bytes_(bytes) {}
    Secret(const Secret& other) = default;
    // A short string stays behind in what it was moved from: swap, and let that wipe itself.
    Secret(Secret&& other) noexcept {
        bytes_.swap(other.bytes_);
        other.wipe();
    }
    Secret& operator=(Secret other) noexcept {
        bytes_.swap(other.bytes_);
        return *this;
    }
    ~Secret() { wipe(); }

    /// The bytes, for the one place that needs them; a copy of them is the caller's to wipe.
    [[nodiscard]] std::string_view reveal() const { return bytes_; }
    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }

    /// Adds bytes; what was outgrown is wiped.
    Secret& append(std::string_view more) {
        if (bytes_.size() + more.size() > bytes_.capacity()) {
            std::string larger;
            larger.reserve(2 * (bytes_.size() + more.size()));
            larger = bytes_;
            bytes_.swap(larger);
            wipe(larger);
        }
        bytes_ += more;
        return *this;
    }
    void wipe() noexcept { wipe(bytes_); }

    friend bool operator==(const Secret&, const Secret&) = default;

private:
    static void wipe(std::string& bytes) noexcept {
        bytes.resize(bytes.capacity());  // the spare room may hold what once stood there
        ::explicit_bzero(bytes.data(), bytes.size());
        bytes.clear();
    }

    std::string bytes_;
};

}  // namespace tern

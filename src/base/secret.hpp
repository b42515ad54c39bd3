// Bytes that no one else may see: passwords, tokens and what is made of them. They are wiped when
// they are no longer needed, and no stream, report or concat(...) takes them.
#pragma once

#include <string.h>  // explicit_bzero, which the compiler may not leave out

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace tern {

class Secret {
public:
    Secret() = default;
    explicit Secret(std::string_view bytes) : bytes_(bytes) {}
    Secret(const Secret& other) = default;
    // A short string remains in what it was moved from: swap, and let that wipe itself.
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

/// Memory that is wiped before it is given back.
template <class T>
struct WipingAllocator {
    using value_type = T;

    WipingAllocator() = default;
    template <class Other>
    explicit WipingAllocator(const WipingAllocator<Other>&) noexcept {}

    [[nodiscard]] T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
    void deallocate(T* at, std::size_t count) noexcept {
        ::explicit_bzero(at, count * sizeof(T));
        std::allocator<T>().deallocate(at, count);
    }
    friend bool operator==(const WipingAllocator&, const WipingAllocator&) = default;
};

/// The text of a file that may hold secrets among other lines. Parsers read it as any text; what it
/// outgrew and what it leaves is wiped. Callers that fill one reserve `beyond_short` first: a short
/// string would be in the object itself, and remain there.
using WipedText = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;
constexpr std::size_t beyond_short = 32;

}  // namespace tern

// Encodes messages; see body.hpp for the rules.
#include "smtp/body.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tern::smtp {
namespace {

// Bytes that are taken at once. Marks say where among them something is: a bit for each byte,
// `stride` bits apart, the first byte's lowest.
#if defined(__SSE2__)

class Step {
public:
    using Marks = std::uint32_t;
    static constexpr std::size_t size = 32;
    static constexpr int stride = 1;

    explicit Step(const char* from) : low_(load(from)), high_(load(from + half)) {}
    void store(char* to) const {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), low_);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + half), high_);
    }
    [[nodiscard]] Marks marks(char byte) const { return marks(is(low_, byte), is(high_, byte)); }
    [[nodiscard]] Marks newlines() const {
        return marks(_mm_or_si128(is(low_, '\r'), is(low_, '\n')),
                     _mm_or_si128(is(high_, '\r'), is(high_, '\n')));
    }

private:
    static constexpr std::size_t half = sizeof(__m128i);

    static __m128i load(const char* from) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    }
    static __m128i is(__m128i bytes, char byte) {
        return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte));
    }
    static Marks marks(__m128i low, __m128i high) {
        return static_cast<Marks>(_mm_movemask_epi8(low)) |
               static_cast<Marks>(_mm_movemask_epi8(high)) << half;
    }

    __m128i low_;
    __m128i high_;
};

#else

class Step {
public:
    using Marks = std::uint64_t;
    static constexpr std::size_t size = sizeof(Marks);
    static constexpr int stride = 8;

    explicit Step(const char* from) { std::memcpy(&bytes_, from, size); }
    void store(char* to) const { std::memcpy(to, &bytes_, size); }
    [[nodiscard]] Marks marks(char byte) const {
        constexpr Marks each = 0x0101010101010101;
        constexpr Marks low_bits = 0x7f * each;
        const Marks differs = bytes_ ^ each * static_cast<unsigned char>(byte);
        // No carry leaves its byte: exactly those that do not differ keep their high bit 0.
        const Marks found = ~(((differs & low_bits) + low_bits) | differs | low_bits) >> 7;
        return std::endian::native == std::endian::little ? found : __builtin_bswap64(found);
    }
    [[nodiscard]] Marks newlines() const { return marks('\r') | marks('\n'); }

private:
    Marks bytes_;
};

#endif

bool is_newline(char c) { return c == '\r' || c == '\n'; }

char* put_newline(char* out) {
    *out++ = '\r';
    *out++ = '\n';
    return out;
}

// Writes the step at `at`, which is stored as it is and has as much again after it: `newlines`, of
// which `second` ones (the LF of CR LF) are written already, and `dots` to be doubled.
char* write_events(const char* at, Step::Marks newlines, Step::Marks second, Step::Marks dots,
                   char* out) {
    const char* done = at;
    for (Step::Marks left = newlines | dots; left != 0; left &= left - 1) {
        const Step::Marks mark = left & (~left + 1);
        const char* const here = at + std::countr_zero(left) / Step::stride;
        out += here - done;
        done = here;
        if ((dots & mark) != 0) *out++ = '.';
        else ++done;
        if (((dots | second) & mark) == 0) out = put_newline(out);
        Step(done).store(out);
    }
    return out + (at + Step::size - done);
}

}  // namespace

// Steps are stored whole, but only where a whole one is there to be read: room() for it covers what
// is stored and not counted.
std::size_t BodyEncoder::encode(std::string_view block, char* out) {
    if (block.empty()) return 0;
    char* const begin = out;
    const char* at = block.data();
    const char* const end = at + block.size();
    if (before_ == '\r') out = put_newline(out);
    constexpr int last = static_cast<int>(Step::size - 1) * Step::stride;
    Step::Marks at_line_start = is_newline(before_) ? 1 : 0;
    Step::Marks after_cr = before_ == '\r' ? 1 : 0;
    for (; static_cast<std::size_t>(end - at) >= 2 * Step::size; at += Step::size) {
        const Step step(at);
        step.store(out);
        const Step::Marks newlines = step.newlines();
        if ((newlines | at_line_start) == 0) {
            out += Step::size;
            continue;
        }
        const Step::Marks cr = step.marks('\r');
        const Step::Marks second = newlines & ~cr & (cr << Step::stride | after_cr);
        const Step::Marks starts = newlines << Step::stride | at_line_start;
        out = write_events(at, newlines, second, doubles_dots_ ? step.marks('.') & starts : 0, out);
        at_line_start = newlines >> last;
        after_cr = cr >> last;
    }
    if (at != block.data()) before_ = at[-1];
    for (; at != end; before_ = *at++) {
        if (*at == '.' && doubles_dots_ && is_newline(before_)) *out++ = '.';
        if (!is_newline(*at)) *out++ = *at;
        else if (*at == '\r' || before_ != '\r') out = put_newline(out);
    }
    if (before_ == '\r') out -= 2;  // the newline comes when it is known whether an LF follows
    return static_cast<std::size_t>(out - begin);
}

std::size_t BodyEncoder::finish(char* out) {
    if (before_ != '\r') return 0;
    before_ = '\n';
    return static_cast<std::size_t>(put_newline(out) - out);
}

}  // namespace tern::smtp

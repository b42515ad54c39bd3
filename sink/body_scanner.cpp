// The scan goes 64 bytes at a time, one bit a byte: a receiver that benchmarks lean on must not be
// slower than the sender it judges.
#include "sink/body_scanner.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tern::sink {

namespace {

constexpr std::uint64_t longest_legal_line = 1000;
constexpr std::size_t stride = 64;

// One bit for each byte of a stride.
struct Masks {
    std::uint64_t cr = 0;
    std::uint64_t lf = 0;
    std::uint64_t dot = 0;
    std::uint64_t eight_bit = 0;
};

#if defined(__SSE2__)
std::uint64_t bits(__m128i lanes) {
    return static_cast<unsigned>(_mm_movemask_epi8(lanes));
}

Masks masks_of(const char* bytes) {
    Masks made;
    for (unsigned at = 0; at < stride; at += 16) {
        __m128i lanes;
        std::memcpy(&lanes, bytes + at, sizeof lanes);
        made.cr |= bits(_mm_cmpeq_epi8(lanes, _mm_set1_epi8('\r'))) << at;
        made.lf |= bits(_mm_cmpeq_epi8(lanes, _mm_set1_epi8('\n'))) << at;
        made.dot |= bits(_mm_cmpeq_epi8(lanes, _mm_set1_epi8('.'))) << at;
        made.eight_bit |= bits(lanes) << at;
    }
    return made;
}
#else
Masks masks_of(const char* bytes) {
    Masks made;
    for (unsigned at = 0; at < stride; ++at) {
        const std::uint64_t bit = std::uint64_t(1) << at;
        if (bytes[at] == '\r') made.cr |= bit;
        if (bytes[at] == '\n') made.lf |= bit;
        if (bytes[at] == '.') made.dot |= bit;
        if (static_cast<unsigned char>(bytes[at]) >= 0x80) made.eight_bit |= bit;
    }
    return made;
}
#endif

constexpr std::uint64_t first_bits(unsigned count) {
    return count >= stride ? ~std::uint64_t(0) : (std::uint64_t(1) << count) - 1;
}

std::uint64_t count_bits(std::uint64_t mask) {
    return static_cast<std::uint64_t>(std::popcount(mask));
}

}  // namespace

void BodyScanner::end_line(std::uint64_t length) {
    ++facts_.lines;
    facts_.longest_line = std::max(facts_.longest_line, length);
    if (length > longest_legal_line) ++facts_.long_lines;
}

void BodyScanner::count_lines(std::uint64_t line_feeds, unsigned bytes) {
    unsigned begin = 0;
    for (; line_feeds != 0; line_feeds &= line_feeds - 1) {
        const unsigned end = static_cast<unsigned>(std::countr_zero(line_feeds)) + 1;
        end_line(line_bytes_ + (end - begin));
        line_bytes_ = 0;
        begin = end;
    }
    line_bytes_ += bytes - begin;
}

// Goes up to the end of the block, or in the dotted form to the first dot that begins a line.
std::size_t BodyScanner::scan_text(std::string_view block) {
    for (std::size_t at = 0; at < block.size();) {
        std::array<char, stride> rest{};
        const char* bytes = block.data() + at;
        unsigned count = stride;
        if (block.size() - at < stride) {
            count = static_cast<unsigned>(block.size() - at);
            std::memcpy(rest.data(), bytes, count);
            bytes = rest.data();
        }
        const Masks masks = masks_of(bytes);
        const std::uint64_t behind_cr = masks.cr << 1 | (after_cr_ ? 1U : 0U);
        const std::uint64_t line_starts = (masks.lf & behind_cr) << 1 | (at_line_start_ ? 1U : 0U);
        const std::uint64_t dots = form_ == Form::dotted ? masks.dot & line_starts : 0;
        const bool stops = dots != 0;
        if (stops) count = static_cast<unsigned>(std::countr_zero(dots));
        const std::uint64_t valid = first_bits(count);
        facts_.bare_lf += count_bits(masks.lf & ~behind_cr & valid);
        // The byte where it stops is a dot, so a CR before it would be bare, but it begins a
        // line: the byte before it is a LF.
        facts_.bare_cr += count_bits(behind_cr & ~masks.lf & valid);
        facts_.eight_bit = facts_.eight_bit || (masks.eight_bit & valid) != 0;
        count_lines(masks.lf & valid, count);
        at += count;
        if (count != 0) {
            const std::uint64_t last = std::uint64_t(1) << (count - 1);
            after_cr_ = (masks.cr & last) != 0;
            at_line_start_ = (masks.lf & behind_cr & last) != 0;
        }
        if (stops) return at;
    }
    return block.size();
}

// What follows the dot that began a line. Gives how many bytes of the block it took.
std::size_t BodyScanner::resolve_dot(std::string_view block, BodyReceiver& receiver) {
    if (dot_ == Dot::seen && block.front() == '\r') {
        dot_ = Dot::seen_with_cr;
        return 1;
    }
    if (dot_ == Dot::seen_with_cr && block.front() == '\n') {
        dot_ = Dot::none;
        ended_ = true;
        return 1;
    }
    ++facts_.dots_removed;
    at_line_start_ = false;
    if (dot_ == Dot::seen_with_cr) {
        receiver.take("\r");
        ++line_bytes_;
        after_cr_ = true;
    }
    dot_ = Dot::none;
    return 0;
}

std::size_t BodyScanner::scan(std::string_view block, BodyReceiver& receiver) {
    std::size_t at = 0;
    while (at < block.size() && !ended_) {
        const std::string_view rest = block.substr(at);
        if (dot_ != Dot::none) {
            at += resolve_dot(rest, receiver);
            continue;
        }
        const std::size_t count = scan_text(rest);
        if (count != 0) receiver.take(rest.substr(0, count));
        at += count;
        if (at < block.size()) {
            dot_ = Dot::seen;
            ++at;
        }
    }
    return at;
}

const BodyFacts& BodyScanner::finish() {
    if (after_cr_) ++facts_.bare_cr;
    after_cr_ = false;
    facts_.ends_with_newline = at_line_start_;
    if (line_bytes_ != 0) end_line(line_bytes_);
    line_bytes_ = 0;
    return facts_;
}

}  // namespace tern::sink

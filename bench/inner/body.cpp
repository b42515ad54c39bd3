// The body transform on blocks of the size a session uses: lines as mail has them, one long line,
// and the worst case, where every byte is a line.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "smtp/body.hpp"

namespace {

constexpr std::size_t block = 32UL * 1024;

std::string lines_of(std::size_t length, char first) {
    std::string text;
    while (text.size() < block) {
        text.append(1, first);
        text.append(length - 1, 'x');
        text.back() = '\n';
    }
    text.resize(block);
    return text;
}

void encode(benchmark::State& state, const std::string& text,
            tern::smtp::BodyEncoder::Framing framing) {
    std::vector<char> out(tern::smtp::BodyEncoder::room(text.size()));
    tern::smtp::BodyEncoder encoder(framing);
    for (auto _ : state) benchmark::DoNotOptimize(encoder.encode(text, out.data()));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}

void copy_of_the_bytes(benchmark::State& state) {
    const std::string text = lines_of(72, 'x');
    std::vector<char> out(text.size());
    for (auto _ : state) {
        std::copy(text.begin(), text.end(), out.begin());
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}

using enum tern::smtp::BodyEncoder::Framing;

BENCHMARK(copy_of_the_bytes);
BENCHMARK_CAPTURE(encode, lines_of_72_by_length, lines_of(72, 'x'), length);
BENCHMARK_CAPTURE(encode, lines_of_72_with_dots, lines_of(72, 'x'), dots);
BENCHMARK_CAPTURE(encode, every_line_begins_with_a_dot, lines_of(72, '.'), dots);
BENCHMARK_CAPTURE(encode, one_long_line, std::string(block, 'x'), dots);
BENCHMARK_CAPTURE(encode, empty_lines, std::string(block, '\n'), dots);
BENCHMARK_CAPTURE(encode, lone_crs, std::string(block, '\r'), dots);

}  // namespace

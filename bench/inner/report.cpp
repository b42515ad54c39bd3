// The bytes of a report: one recipient, a thousand, and a server that says much.
#include <benchmark/benchmark.h>

#include <string>

#include "delivery/report.hpp"

namespace {

void render(benchmark::State& state) {
    tern::delivery::Report report;
    report.recipients.assign(static_cast<std::size_t>(state.range(0)), {'r', ""});
    report.letter = tern::delivery::Letter::accepted;
    report.text = "198.51.100.1 accepted message.\nRemote host said: 250 2.0.0 message taken\n";
    for (auto _ : state) benchmark::DoNotOptimize(tern::delivery::render(report));
}

void render_long_refusals(benchmark::State& state) {
    tern::delivery::Report report;
    const std::string words(5000, 'x');
    report.recipients.assign(100, {'h', "198.51.100.1 does not like recipient.\n" + words + "\n"});
    report.letter = tern::delivery::Letter::rejected;
    report.text = "Giving up on 198.51.100.1.\n";
    for (auto _ : state) benchmark::DoNotOptimize(tern::delivery::render(report));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * 100 * 5000);
}

BENCHMARK(render)->Arg(1)->Arg(10)->Arg(100)->Arg(1000);
BENCHMARK(render_long_refusals);

}  // namespace

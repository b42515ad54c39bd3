// Finding the line of smtproutes that decides, among few and many.
#include <benchmark/benchmark.h>

#include <string>

#include "routing/route.hpp"

namespace {

tern::routing::RouteFiles files(std::int64_t count) {
    tern::routing::RouteFiles made;
    for (std::int64_t i = 0; i < count; ++i)
        made.smtproutes += "host" + std::to_string(i) + ".customer.example:relay.example\n";
    made.smtproutes += ".wild.example:relay.example:26\n";
    return made;
}

void find(benchmark::State& state, const char* host) {
    const tern::routing::RouteFiles routes = files(state.range(0));
    for (auto _ : state) {
        auto route = tern::routing::find_route(routes, host, "sender@host.example");
        if (!route) state.SkipWithError("no way was found");
        benchmark::DoNotOptimize(route);
    }
    state.SetBytesProcessed(
        static_cast<std::int64_t>(state.iterations() * routes.smtproutes.size()));
}

BENCHMARK_CAPTURE(find, by_suffix, "mail.far.wild.example")->RangeMultiplier(10)->Range(10, 100000);
BENCHMARK_CAPTURE(find, none_fits, "mail.example.org")->RangeMultiplier(10)->Range(10, 100000);

}  // namespace

// Reading replies: one line, the many lines of EHLO, and text without end.
#include <benchmark/benchmark.h>

#include <string>

#include "smtp/extensions.hpp"
#include "smtp/reply.hpp"

namespace {

const std::string ehlo =
    "250-mx.example at your service\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-VRFY\r\n"
    "250-ETRN\r\n250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n"
    "250-SMTPUTF8\r\n250 CHUNKING\r\n";

void read(benchmark::State& state, const std::string& bytes) {
    for (auto _ : state) {
        tern::smtp::ReplyReader reader;
        benchmark::DoNotOptimize(reader.feed(bytes));
        benchmark::DoNotOptimize(reader.take());
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}

std::string endless() {
    std::string text;
    while (text.size() < 256UL * 1024) text += "250-and so on and so forth\r\n";
    return text + "250 done\r\n";
}

void extensions(benchmark::State& state) {
    tern::smtp::ReplyReader reader;
    reader.feed(ehlo);
    const tern::smtp::Reply reply = reader.take();
    for (auto _ : state) benchmark::DoNotOptimize(tern::smtp::parse_extensions(reply.text));
}

BENCHMARK_CAPTURE(read, one_line, std::string("250 2.1.5 recipient taken\r\n"));
BENCHMARK_CAPTURE(read, ehlo, ehlo);
BENCHMARK_CAPTURE(read, without_end, endless());
BENCHMARK(extensions);

}  // namespace

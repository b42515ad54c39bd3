# What scripts/bench needs beside tern: the floor, the tools of the suite and, with TERN_BENCH=ON,
# the inner loops under Google Benchmark. TERN_BENCH=TOOLS makes the former two only.
set(bench ${PROJECT_SOURCE_DIR}/bench)

# Small and static, and not position independent: the floor has nothing to relocate at its start.
function(tern_bench_tool name)
    add_executable(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE tern_bench_flags)
    set_target_properties(${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench POSITION_INDEPENDENT_CODE OFF)
    add_dependencies(bench-tools ${name})
endfunction()

add_custom_target(bench-tools)
add_library(tern_bench_flags INTERFACE)
target_compile_options(tern_bench_flags INTERFACE
    -O2 -fno-pie -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
    -Wold-style-cast -Wnull-dereference -Wimplicit-fallthrough)
target_link_options(tern_bench_flags INTERFACE -static -no-pie)
tern_bench_tool(floor ${bench}/floor/floor.cpp)
tern_bench_tool(floor-tls ${bench}/floor/floor_tls.cpp)
target_link_libraries(floor-tls PRIVATE tern_openssl)  # static: see the preset release
tern_bench_tool(runner ${bench}/tools/runner.cpp)
tern_bench_tool(link ${bench}/tools/link.cpp)

file(GLOB sources CONFIGURE_DEPENDS ${bench}/inner/*.cpp)
if(sources AND NOT TERN_BENCH STREQUAL "TOOLS")
    find_package(benchmark REQUIRED)
    get_property(layers GLOBAL PROPERTY TERN_LIBRARIES)
    add_executable(inner-loops ${sources})
    target_link_libraries(inner-loops PRIVATE ${layers} benchmark::benchmark_main)
    # Google Benchmark comes shared; the layers may be compiled for a fixed address.
    target_link_options(inner-loops PRIVATE -no-pie)
    set_target_properties(inner-loops PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
endif()

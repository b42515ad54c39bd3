# Test programs. unit/<layer>/*_test.cpp gives test_<layer>; contract/, simulation/ and
# conversation/ give one each; fuzz/<name>_fuzz.cpp replays its corpus.
find_package(GTest REQUIRED)
get_property(layers GLOBAL PROPERTY TERN_LIBRARIES)
set(receiver tern_sink)
set(tests ${PROJECT_SOURCE_DIR}/tests)

add_library(tern_tests INTERFACE)
target_include_directories(tern_tests INTERFACE ${tests} ${PROJECT_SOURCE_DIR})
target_link_libraries(tern_tests INTERFACE ${layers} GTest::gmock Threads::Threads)

# The only source that names this folder: all other objects are the same wherever the tree is,
# and a compiler cache serves every clone.
set_source_files_properties(${tests}/conversation/conversation_test.cpp PROPERTIES
    COMPILE_DEFINITIONS TERN_SOURCE_DIR="${PROJECT_SOURCE_DIR}")

# What they share: support/, and files of simulation/, conversation/ and contract/ that are neither
# a test nor a main.
file(GLOB support CONFIGURE_DEPENDS
    ${tests}/support/*.cpp ${tests}/simulation/*.cpp ${tests}/conversation/*.cpp
    ${tests}/contract/*.cpp)
list(FILTER support EXCLUDE REGEX "(_test|/main|/socket_calls)\\.cpp$")
if(support)
    add_library(tern_test_support STATIC ${support})
    target_link_libraries(tern_test_support PUBLIC tern_tests ${receiver})
    target_link_libraries(tern_tests INTERFACE $<LINK_ONLY:tern_test_support>)
endif()

# The system calls on sockets, of whichever object of a test program, lead to socket_calls.cpp.
add_library(tern_socket_calls OBJECT ${tests}/support/socket_calls.cpp)
target_link_libraries(tern_socket_calls PRIVATE tern_tests)
function(tern_leads_socket_calls name)
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:tern_socket_calls>)
    foreach(call socket bind connect getsockname getsockopt setsockopt recv recvfrom send sendmsg
            ioctl poll close)
        target_link_options(${name} PRIVATE LINKER:--wrap=${call})
    endforeach()
endfunction()

# tern_test(<name> <source>...): the longest of them are the simulations under sanitizers.
function(tern_test name)
    add_executable(${name} ${ARGN})
    if(TERN_SANITIZE)
        target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/sanitizer_options.cpp)
    endif()
    target_link_libraries(${name} PRIVATE tern_tests GTest::gmock)
    tern_leads_socket_calls(${name})
    if(NOT "${ARGN}" MATCHES "/main\\.cpp")
        target_link_libraries(${name} PRIVATE GTest::gmock_main)
    endif()
    set_target_properties(${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    # Shards share the tests of one program between processors.
    set(shards 1)
    if(name MATCHES "simulation|conversation")
        set(shards 4)
    endif()
    foreach(shard RANGE 1 ${shards})
        set(test ${name})
        if(shards GREATER 1)
            string(APPEND test _${shard})
        endif()
        math(EXPR index "${shard} - 1")
        add_test(NAME ${test} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
        set_tests_properties(${test} PROPERTIES TIMEOUT 900
            ENVIRONMENT "GTEST_TOTAL_SHARDS=${shards};GTEST_SHARD_INDEX=${index}")
    endforeach()
endfunction()

if(NOT TERN_FUZZ)
    file(GLOB directories CONFIGURE_DEPENDS LIST_DIRECTORIES true ${tests}/unit/*)
    foreach(directory IN LISTS directories)
        file(GLOB sources CONFIGURE_DEPENDS ${directory}/*.cpp)
        if(sources)
            cmake_path(GET directory FILENAME layer)
            tern_test(test_${layer} ${sources})
            if(layer STREQUAL "sink")
                target_link_libraries(test_sink PRIVATE ${receiver})
            elseif(layer STREQUAL "tls")  # memory_test runs out of it
                target_link_options(test_tls PRIVATE LINKER:--wrap=malloc,--wrap=realloc)
            endif()
        endif()
    endforeach()
    foreach(kind contract simulation conversation)
        file(GLOB sources CONFIGURE_DEPENDS ${tests}/${kind}/*_test.cpp ${tests}/${kind}/main.cpp)
        if(sources)
            tern_test(test_${kind} ${sources})
        endif()
    endforeach()
endif()

# With libFuzzer where asked for; else each is a program that replays its corpus.
file(GLOB fuzzers CONFIGURE_DEPENDS ${tests}/fuzz/*_fuzz.cpp)
if(fuzzers AND NOT TERN_FUZZ)
    add_library(tern_fuzz_replay OBJECT ${tests}/fuzz/replay_main.cpp)
    target_link_libraries(tern_fuzz_replay PRIVATE tern_tests)
endif()
foreach(source IN LISTS fuzzers)
    cmake_path(GET source STEM target)
    string(REGEX REPLACE "_fuzz$" "" name ${target})
    if(TERN_FUZZ)
        add_executable(${target} ${source})
        target_compile_options(${target} PRIVATE -fsanitize=fuzzer)
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    else()
        add_executable(${target} ${source} $<TARGET_OBJECTS:tern_fuzz_replay>)
        add_test(NAME fuzz_replay_${name}
            COMMAND ${target} ${tests}/fuzz/corpus/${name}
            WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
        set_tests_properties(fuzz_replay_${name} PROPERTIES TIMEOUT 300)
    endif()
    target_link_libraries(${target} PRIVATE tern_tests)
    tern_leads_socket_calls(${target})
    set_target_properties(${target} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
endforeach()

# Compiler flags, as one interface library: tern_flags. No target, no dependency.
add_library(tern_flags INTERFACE)
target_include_directories(tern_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(tern_flags INTERFACE TERN_QMAIL_HOME="${TERN_QMAIL_HOME}")
target_compile_options(tern_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
    -Wnull-dereference -Wimplicit-fallthrough)
# Assertions name files as of the tree, wherever it is: the same source gives the same program.
target_compile_options(tern_flags INTERFACE -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(TERN_WERROR)
    target_compile_options(tern_flags INTERFACE -Werror)
    target_link_options(tern_flags INTERFACE -Werror)
    if(CMAKE_CXX_COMPILER_ID STREQUAL Clang AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER 15)
        # libstdc++'s own algorithms call what libstdc++ calls deprecated (get_temporary_buffer).
        target_compile_options(tern_flags INTERFACE -Wno-error=deprecated-declarations)
    endif()
endif()

if(TERN_SANITIZE)
    # No vptr checks: their run time probes memory through a pipe, and takes every object for a
    # broken one when a test leaves the program no descriptors.
    set(sanitizers -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all
        -fno-omit-frame-pointer)
    if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
        # clang-14: type information before a coroutine's code makes differences across sections.
        list(APPEND sanitizers -fno-sanitize=function)
    endif()
    target_compile_options(tern_flags INTERFACE ${sanitizers})
    target_link_options(tern_flags INTERFACE ${sanitizers})
    if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER 13)
        # Instrumented, an empty std::optional looks to g++ 14 as if its value were destroyed.
        target_compile_options(tern_flags INTERFACE -Wno-error=maybe-uninitialized)
    endif()
    target_compile_definitions(tern_flags INTERFACE _GLIBCXX_ASSERTIONS)
endif()

if(TERN_FUZZ)
    # Counts in the layers what an input reaches; the fuzzers themselves link libFuzzer's main.
    target_compile_options(tern_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(TERN_COVERAGE)
    target_compile_options(tern_flags INTERFACE --coverage)
    target_link_options(tern_flags INTERFACE --coverage)
endif()

if(TERN_HARDEN)
    target_compile_options(tern_flags INTERFACE
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
        -ffunction-sections -fdata-sections)
    # Checks of indices in the standard containers; they cost nothing that SMTP would see.
    target_compile_definitions(tern_flags INTERFACE _GLIBCXX_ASSERTIONS)
    # No -fcf-protection (nor -mbranch-protection on arm64): a program counts as protected only when
    # every object in it is, and Debian's static libraries are not.
    target_link_options(tern_flags INTERFACE
        -ffunction-sections -fdata-sections -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code
        -Wl,--gc-sections
        -Wl,--exclude-libs,ALL)
endif()

if(TERN_TIDY)
    find_program(CLANG_TIDY clang-tidy REQUIRED)
    # clang 14 takes a class's operator delete with a size for a placement form, unless an
    # option says that C++14 has sized deallocation, as g++ does by itself.
    set(CMAKE_CXX_CLANG_TIDY ${CLANG_TIDY} --warnings-as-errors=* --quiet
        --extra-arg=-fsized-deallocation)
endif()

if(TERN_ONLY_COMPILE)
    set(CMAKE_CXX_LINK_EXECUTABLE "${CMAKE_COMMAND} -E touch <TARGET>")
endif()

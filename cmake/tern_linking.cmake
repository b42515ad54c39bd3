# The libraries of the system, shared or static, and how programs are linked (tern_program).
#
# Static is the release's way: with a shared libssl missing or half upgraded, ld.so exits 127 and
# qmail-rspawn bounces the queue. A static PIE (TERN_STATIC_PIE) has its code at a random address as
# well, and pays for each process with 270,000 instructions and 100 pages of relocation, most of
# what a small delivery costs otherwise (docs/adr/0009).
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
if(CMAKE_CROSSCOMPILING)
    set(ENV{PKG_CONFIG_LIBDIR}
        /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/pkgconfig:/usr/share/pkgconfig)
endif()
pkg_check_modules(TERN_OPENSSL REQUIRED libssl>=3.0)
find_path(TERN_EXPECTED_INCLUDE tl/expected.hpp REQUIRED)
target_include_directories(tern_flags SYSTEM INTERFACE ${TERN_EXPECTED_INCLUDE})

# tern_system_library(<target> <static or not> <header> <library>...)
function(tern_system_library target static header)
    find_path(${target}_INCLUDE ${header} REQUIRED)
    add_library(${target} INTERFACE)
    target_include_directories(${target} SYSTEM INTERFACE ${${target}_INCLUDE})
    foreach(name IN LISTS ARGN)
        if(static)
            find_library(${target}_${name}_STATIC lib${name}.a REQUIRED)
            target_link_libraries(${target} INTERFACE ${${target}_${name}_STATIC})
        else()
            find_library(${target}_${name} ${name} REQUIRED)
            target_link_libraries(${target} INTERFACE ${${target}_${name}})
        endif()
    endforeach()
endfunction()

# tern_static_needs(<target> <module>): what the static libraries of pkg-config's module want beside
# themselves, static too (libcrypto.a of Debian 13: zlib and zstd).
function(tern_static_needs target module)
    pkg_check_modules(${module}_module REQUIRED ${module})
    set(needed ${${module}_module_STATIC_LIBRARIES})
    # Ours already, or part of the C library.
    list(REMOVE_ITEM needed ssl crypto cares idn2 unistring dl pthread rt)
    list(REMOVE_DUPLICATES needed)
    list(TRANSFORM needed REPLACE "^z$" zlib OUTPUT_VARIABLE names)
    set(TERN_STATIC_NEEDS ${TERN_STATIC_NEEDS} ${names} PARENT_SCOPE)
    foreach(name IN LISTS needed)
        find_library(${module}_${name}_STATIC lib${name}.a REQUIRED)
        target_link_libraries(${target} INTERFACE ${${module}_${name}_STATIC})
    endforeach()
endfunction()

add_library(tern_threads INTERFACE)
target_link_libraries(tern_threads INTERFACE Threads::Threads)
# Of the static libcrypto less is started (src/tls/algorithms.hpp): tests of both are wanted.
option(TERN_STATIC_OPENSSL "Link libssl and libcrypto statically" ${TERN_STATIC})
tern_system_library(tern_openssl ${TERN_STATIC_OPENSSL} openssl/ssl.h ssl crypto)
if(TERN_STATIC_OPENSSL)
    tern_static_needs(tern_openssl libssl)
endif()
target_link_libraries(tern_openssl INTERFACE tern_threads ${CMAKE_DL_LIBS})
tern_system_library(tern_cares ${TERN_STATIC} ares.h cares)
tern_system_library(tern_idn2 ${TERN_STATIC} idn2.h idn2 unistring)
if(TERN_STATIC)
    tern_static_needs(tern_cares libcares)
    tern_static_needs(tern_idn2 libidn2)
endif()

add_library(tern_program INTERFACE)
if(TERN_STATIC)
    option(TERN_STATIC_PIE "Link static programs as PIE" OFF)
    if(TERN_STATIC_PIE)
        target_link_options(tern_program INTERFACE -static-pie)
        target_compile_options(tern_flags INTERFACE -fPIE)
    else()
        include(${CMAKE_CURRENT_LIST_DIR}/tern_static_layout.cmake)
        target_link_options(tern_program INTERFACE -static
            -Wl,-T,${PROJECT_BINARY_DIR}/static_layout.ld)
        set_target_properties(tern_program PROPERTIES
            INTERFACE_LINK_DEPENDS ${PROJECT_BINARY_DIR}/static_layout.ld)
        target_compile_options(tern_flags INTERFACE -fno-pie)
    endif()
    # ld warns of calls that load glibc's plug-ins (getaddrinfo, dlopen). They are in parts of
    # libcrypto and c-ares that tern never calls: names are looked up by c-ares, not by glibc. The
    # warnings stay: with --no-warnings ld 2.40 also links programs that lack a symbol, in silence.
elseif(TERN_HARDEN)
    target_compile_options(tern_flags INTERFACE -fPIE)
    target_link_options(tern_program INTERFACE -pie)
endif()

# Which source and which libraries a program is made of: written into every program (the mark that
# strings(1), what(1), `tern --version` and `tern check` show), and the reason to make all objects
# again when a library's package was upgraded. Packages bring files with dates of long ago, so ninja
# alone sees nothing new there.

execute_process(COMMAND ${PROJECT_SOURCE_DIR}/scripts/version
    OUTPUT_VARIABLE said OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" said "${said}")
list(GET said 0 TERN_VERSION)
list(GET said 1 TERN_COMMIT)
list(GET said 2 TERN_SOURCE_DATE)

# tern_package_version(<variable> <package>): its version as dpkg knows it; empty: not installed,
# or no Debian.
function(tern_package_version variable package)
    execute_process(COMMAND dpkg-query -W -f "\${Version}\n" ${package}${TERN_PACKAGE_ARCHITECTURE}
        OUTPUT_VARIABLE version ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        set(version "")
    endif()
    string(REGEX REPLACE "\n.*" "" version "${version}")  # several architectures, kept in step
    set(${variable} "${version}" PARENT_SCOPE)
endfunction()

# The C++ library comes with the compiler, of which one host may have several.
string(REGEX MATCH "^[0-9]+" compiler ${CMAKE_CXX_COMPILER_VERSION})
# A cross compiler's packages are those of the other architecture.
set(TERN_PACKAGE_ARCHITECTURE "")
if(CMAKE_CROSSCOMPILING AND CMAKE_SYSTEM_PROCESSOR STREQUAL aarch64)
    set(TERN_PACKAGE_ARCHITECTURE ":arm64")
endif()

# name=package=whether it is in the program itself
set(TERN_BUILD_LIBRARIES "")
foreach(entry
        "OpenSSL=libssl-dev=${TERN_STATIC_OPENSSL}" "c-ares=libc-ares-dev=${TERN_STATIC}"
        "libidn2=libidn2-dev=${TERN_STATIC}" "libunistring=libunistring-dev=${TERN_STATIC}"
        "zlib=zlib1g-dev=${TERN_STATIC_OPENSSL}" "zstd=libzstd-dev=${TERN_STATIC_OPENSSL}"
        "libc=libc6-dev=${TERN_STATIC}" "libstdc++=libstdc++-${compiler}-dev=${TERN_STATIC}")
    string(REPLACE "=" ";" entry ${entry})
    list(GET entry 0 name)
    list(GET entry 1 package)
    list(GET entry 2 inside)
    # What libcrypto wants beside itself differs by release.
    if(name MATCHES "^(zlib|zstd)$" AND NOT name IN_LIST TERN_STATIC_NEEDS)
        continue()
    endif()
    tern_package_version(version ${package})
    if(version STREQUAL "")
        if(name STREQUAL OpenSSL)
            set(version ${TERN_OPENSSL_VERSION})
        else()
            set(version "of unknown version")
        endif()
    endif()
    set(how "")
    if(NOT inside)
        set(how ", shared")
    endif()
    string(APPEND TERN_BUILD_LIBRARIES "; ${name} ${version} (${package}${how})")
endforeach()

# The source packages of all that ends up in the programs, as a package's control file has them.
set(TERN_BUILT_USING "")
set(packages libcli11-dev libexpected-dev nlohmann-json3-dev libstdc++-${compiler}-dev)
if(TERN_STATIC)
    list(APPEND packages libssl-dev libc-ares-dev libidn2-dev libunistring-dev libc6-dev)
    if(TERN_STATIC_NEEDS)
        list(APPEND packages zlib1g-dev libzstd-dev)
    endif()
endif()
list(TRANSFORM packages APPEND "${TERN_PACKAGE_ARCHITECTURE}")
execute_process(
    COMMAND dpkg-query -W -f "\${source:Package} (= \${source:Version});" ${packages}
    OUTPUT_VARIABLE said ERROR_QUIET RESULT_VARIABLE status)
if(status EQUAL 0)
    list(REMOVE_ITEM said "")
    list(SORT said)
    list(REMOVE_DUPLICATES said)
    list(JOIN said ", " TERN_BUILT_USING)
endif()

# An installed package makes the next build look again, by ninja alone as well.
if(EXISTS /var/lib/dpkg/status)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS /var/lib/dpkg/status)
endif()

# tern_remake_after_upgrades(): to be called when all targets are there.
function(tern_remake_after_upgrades)
    set(stamp ${PROJECT_BINARY_DIR}/libraries.stamp)
    file(CONFIGURE OUTPUT ${stamp} CONTENT "@CMAKE_CXX_COMPILER_VERSION@@TERN_BUILD_LIBRARIES@\n"
        @ONLY)  # untouched where it says so already
    get_property(targets DIRECTORY PROPERTY BUILDSYSTEM_TARGETS)
    set(all "")
    foreach(target IN LISTS targets)
        get_target_property(sources ${target} SOURCES)
        if(sources)
            list(FILTER sources INCLUDE REGEX "\\.cpp$")
            list(APPEND all ${sources})
        endif()
    endforeach()
    list(REMOVE_DUPLICATES all)
    set_property(SOURCE ${all} APPEND PROPERTY OBJECT_DEPENDS ${stamp})
endfunction()

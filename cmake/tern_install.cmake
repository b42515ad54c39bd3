# Installing and packaging. Everything goes under a prefix of our own (<prefix>/lib/tern) or under
# names of our own, so that no file meets one of another qmail package; putting programs into
# qmail's bin is the administrator's deed, with tern-drop-in(8), never an installation's.
include(GNUInstallDirs)
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
find_program(GZIP gzip REQUIRED)
set(packaging ${PROJECT_SOURCE_DIR}/packaging/debian)
set(compressed ${PROJECT_BINARY_DIR}/compressed)
set(TERN_LIBDIR lib/tern)

get_property(programs GLOBAL PROPERTY TERN_PROGRAMS)
# tern is for people, in their PATH; the others wait to be dropped into qmail's bin, or for tests.
list(REMOVE_ITEM programs tern)
if(programs)
    install(TARGETS ${programs} RUNTIME DESTINATION ${TERN_LIBDIR}/bin)
endif()
install(TARGETS tern RUNTIME DESTINATION sbin)
foreach(command tern tern-drop-in)
    install(FILES packaging/completions/${command}.bash
        DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/bash-completion/completions RENAME ${command})
    install(FILES packaging/completions/_${command}
        DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/zsh/vendor-completions)
    install(FILES packaging/completions/${command}.fish
        DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/fish/vendor_completions.d)
endforeach()
install(PROGRAMS scripts/drop-in DESTINATION sbin RENAME tern-drop-in)
install(DIRECTORY scripts/drop-in.d DESTINATION ${TERN_LIBDIR} FILE_PERMISSIONS
    OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)

# tern_compress(<source> <name>): compressed/<name>.gz, the same bytes whenever it is made.
function(tern_compress source name)
    add_custom_command(OUTPUT ${compressed}/${name}.gz
        COMMAND ${CMAKE_COMMAND} -E make_directory ${compressed}
        COMMAND ${GZIP} -9nc ${source} > ${compressed}/${name}.gz
        DEPENDS ${source} VERBATIM)
    set_property(GLOBAL APPEND PROPERTY TERN_COMPRESSED ${compressed}/${name}.gz)
endfunction()

# man(1) finds qmail-remote.8tern as qmail-remote, and beside another package's qmail-remote.8 as
# `man 8tern qmail-remote`.
file(GLOB manuals CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/man/*.8)
foreach(manual IN LISTS manuals)
    cmake_path(GET manual FILENAME name)
    if(name MATCHES "^qmail-")
        string(APPEND name tern)
    endif()
    tern_compress(${manual} ${name})
    install(FILES ${compressed}/${name}.gz DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/man/man8)
endforeach()

set(documents ${CMAKE_INSTALL_DATAROOTDIR}/doc/tern)
tern_compress(${PROJECT_SOURCE_DIR}/CHANGELOG.md changelog)
execute_process(COMMAND date -u -R -d @${TERN_SOURCE_DATE} OUTPUT_VARIABLE TERN_SOURCE_DATE_WORDS
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
configure_file(${packaging}/changelog.in ${PROJECT_BINARY_DIR}/changelog.Debian @ONLY)
tern_compress(${PROJECT_BINARY_DIR}/changelog.Debian changelog.Debian)
install(FILES ${compressed}/changelog.gz ${compressed}/changelog.Debian.gz README.md SECURITY.md
    ${packaging}/copyright DESTINATION ${documents})
install(FILES ${packaging}/lintian-overrides
    DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/lintian/overrides RENAME tern)
get_property(made GLOBAL PROPERTY TERN_COMPRESSED)
add_custom_target(tern_compressed ALL DEPENDS ${made})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tern)
set(CPACK_PACKAGE_VERSION ${TERN_VERSION})
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/package)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The tern authors <tern@localhost>")
set(CPACK_DEBIAN_PACKAGE_SECTION mail)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "SMTP sender for qmail hosts, in the place of qmail-remote")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"tern brings qmail-remote, qmail-tcpto and qmail-tcpok with the names,
arguments, control files and reports of the programs they replace, and with
IPv6, TLS of today and the next exchanger after trouble.
.
The package does not touch a running qmail; tern-drop-in(8) puts the programs
into its bin directory, and takes them back.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${packaging}/postinst ${packaging}/prerm)
if(NOT TERN_STATIC)
    set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
endif()
# The same commit gives the same bytes: files in the package carry the commit's date.
file(WRITE ${PROJECT_BINARY_DIR}/tern_cpack.cmake
    "set(ENV{SOURCE_DATE_EPOCH} ${TERN_SOURCE_DATE})\n")
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_BINARY_DIR}/tern_cpack.cmake)
# Which sources are inside (deb-control(5), Static-Built-Using), so that Debian's tools can see
# whom an advisory concerns. CPack knows no such field: it goes as a further line of another one.
if(TERN_BUILT_USING)
    string(APPEND CPACK_DEBIAN_PACKAGE_SECTION "\nStatic-Built-Using: ${TERN_BUILT_USING}")
endif()
include(CPack)

# One call per layer: tern_library(<layer> [LINKS <layer>...] [LIBRARIES <target>...]) makes
# tern_<layer> of src/<layer>/*.cpp; and tern_programs() makes the programs of src/apps/.

function(tern_library layer)
    cmake_parse_arguments(PARSE_ARGV 1 layer "" "" "LINKS;LIBRARIES")
    list(TRANSFORM layer_LINKS PREPEND tern_)
    set(links ${layer_LINKS} ${layer_LIBRARIES} tern_flags)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${layer}/*.cpp)
    if(sources)
        add_library(tern_${layer} STATIC ${sources})
        target_link_libraries(tern_${layer} PUBLIC ${links})
    else()
        add_library(tern_${layer} INTERFACE)
        target_link_libraries(tern_${layer} INTERFACE ${links})
    endif()
    set_property(GLOBAL APPEND PROPERTY TERN_LIBRARIES tern_${layer})
endfunction()

# sink/*.cpp, of which main.cpp is the program's.
function(tern_sink)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/sink/*.cpp)
    list(REMOVE_ITEM sources ${PROJECT_SOURCE_DIR}/sink/main.cpp)
    add_library(tern_sink STATIC ${sources})
    target_include_directories(tern_sink PUBLIC ${PROJECT_SOURCE_DIR})
    target_link_libraries(tern_sink PUBLIC tern_openssl tern_threads tern_flags)
endfunction()

# src/apps/qmail_remote.cpp gives bin/qmail-remote; sink/main.cpp gives bin/tern-sink, which shares
# nothing with the sender, so that neither hides the other's mistakes.
function(tern_programs)
    configure_file(${PROJECT_SOURCE_DIR}/cmake/identification.cpp.in
        ${PROJECT_BINARY_DIR}/identification.cpp @ONLY)
    get_property(sender GLOBAL PROPERTY TERN_LIBRARIES)
    file(GLOB mains CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/apps/*.cpp)
    foreach(main IN LISTS mains)
        cmake_path(GET main STEM name)
        string(REPLACE _ - name ${name})
        tern_main(${name} ${main} ${sender})
    endforeach()
    tern_main(tern-sink ${PROJECT_SOURCE_DIR}/sink/main.cpp tern_sink)
endfunction()

function(tern_main name main)
    add_executable(${name} ${main} ${PROJECT_BINARY_DIR}/identification.cpp)
    target_link_options(${name} PRIVATE -Wl,--undefined=tern_identification)
    if(TERN_SANITIZE)
        target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/sanitizer_options.cpp)
    endif()
    target_link_libraries(${name} PRIVATE ${ARGN} tern_program)
    set_property(GLOBAL APPEND PROPERTY TERN_PROGRAMS ${name})
endfunction()

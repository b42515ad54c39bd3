# Tests of the finished programs: tests/<directory>/run <bin-dir>. They make name spaces of their
# own, so they may run beside each other. Test programs are in tern_tests.cmake.
foreach(directory IN LISTS TERN_SCRIPT_TESTS)
    if(EXISTS ${PROJECT_SOURCE_DIR}/tests/${directory}/run)
        add_test(NAME ${directory}
            COMMAND ${PROJECT_SOURCE_DIR}/tests/${directory}/run ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}
            WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
        set_tests_properties(${directory} PROPERTIES TIMEOUT 1500 PROCESSORS 2)
    endif()
endforeach()

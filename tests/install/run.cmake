# cmake -D BUILD=build/release -D SOURCE=. -D COMPILER=g++ -P run.cmake
# Installs the library into a fresh prefix, builds examples/embedded against that alone, runs it twice
# on one folder (the second time it opens what the first left).
set(work "${BUILD}/install-test")
file(REMOVE_RECURSE "${work}")
file(MAKE_DIRECTORY "${work}")

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "${ARGN}: ${status}\n${out}")
    endif()
    set(out "${out}" PARENT_SCOPE)
endfunction()

run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${work}/prefix")
run("${CMAKE_COMMAND}" -S "${SOURCE}/examples/embedded" -B "${work}/build"
    "-DCMAKE_PREFIX_PATH=${work}/prefix" "-DCMAKE_CXX_COMPILER=${COMPILER}"
    "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror")
run("${CMAKE_COMMAND}" --build "${work}/build")
foreach(time RANGE 1 2)
    run("${work}/build/embedded" "${work}/data")
    if(NOT out MATCHES "^posted [0-9A-Z]+\ngot hello\n$")
        message(FATAL_ERROR "the example said: ${out}")
    endif()
endforeach()
# Nothing of the installed package points back into this tree.
file(GLOB_RECURSE files "${work}/prefix/*.cmake")
foreach(file IN LISTS files)
    file(READ "${file}" text)
    string(FIND "${text}" "${SOURCE}" at)
    if(NOT at EQUAL -1)
        message(FATAL_ERROR "${file} names ${SOURCE}")
    endif()
endforeach()
file(REMOVE_RECURSE "${work}")

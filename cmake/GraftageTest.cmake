# graftage_test(module) makes test_<module> from tests/unit/<module>/**_test.cpp.
# graftage_parallel_test(module RANKS 1 2 3 4) makes ptest_<module> from tests/parallel/<module>/**_test.cpp and runs it on
# each number of ranks. Tests of tensor modules reuse the precompiled header. Nothing is discovered by running executables:
# a process that links LibTorch takes half a second to start.
find_package(GTest REQUIRED)
find_program(MPIRUN_PROGRAM mpirun)
mark_as_advanced(MPIRUN_PROGRAM)

# Ranks of a test on a machine with fewer cores, and inside containers that only have root.
set(graftage_mpi_environment OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
    OMPI_MCA_btl_vader_single_copy_mechanism=none)
set(graftage_test_environment OMP_NUM_THREADS=1 ${graftage_mpi_environment})
if(GRAFTAGE_SANITIZE)
  list(APPEND graftage_test_environment
    "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/leak_suppressions.txt:print_suppressions=0:fast_unwind_on_malloc=0"
    "UBSAN_OPTIONS=print_stacktrace=1" "ASAN_OPTIONS=detect_odr_violation=0")
endif()

# tests/support/*.cpp needs core only, tests/support/tensor also graph, tests/support/corpus also data.
function(graftage_test_support name folder)
  cmake_parse_arguments(PARSE_ARGV 2 arg "TENSOR" "" "LINK")
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/mpi_main.cpp$")
  if(NOT sources OR (arg_TENSOR AND NOT GRAFTAGE_TORCH))
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/tests)
  graftage_configure_target(${name} ${arg_TENSOR})
  graftage_link_modules(${name} ${arg_LINK})
  target_link_libraries(${name} PUBLIC GTest::gtest)
endfunction()

function(graftage_add_test_executable target module)
  set(tensor OFF)
  if(TARGET graftage_${module})
    get_target_property(tensor graftage_${module} GRAFTAGE_TENSOR)
  elseif(module STREQUAL "app")
    set(tensor ${GRAFTAGE_TORCH})
  endif()
  add_executable(${target} ${ARGN})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/src)
  graftage_configure_target(${target} ${tensor})
  set(support graftage_testsupport)
  if(tensor)
    list(PREPEND support graftage_testsupport_corpus graftage_testsupport_tensor)
  endif()
  graftage_link_modules(${target} ${module})
  foreach(library IN LISTS support)
    if(TARGET ${library})
      target_link_libraries(${target} PRIVATE ${library})
    endif()
  endforeach()
  target_link_libraries(${target} PRIVATE GTest::gtest)
  target_compile_definitions(${target} PRIVATE
    "GRAFTAGE_GOLDEN_DIR=\"${PROJECT_SOURCE_DIR}/tests/golden\""
    "GRAFTAGE_TEST_DATA=\"${PROJECT_SOURCE_DIR}/tests/data\""
    "GRAFTAGE_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\"")
endfunction()

function(graftage_test module)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/${module}/*_test.cpp)
  if(NOT sources OR NOT (TARGET graftage_${module} OR TARGET ${module}))
    return()
  endif()
  graftage_add_test_executable(test_${module} ${module} ${sources})
  target_link_libraries(test_${module} PRIVATE GTest::gtest_main)
  add_test(NAME unit_${module} COMMAND test_${module})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  set_tests_properties(unit_${module} PROPERTIES
    LABELS unit TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "${graftage_test_environment}")
endfunction()

function(graftage_parallel_test module)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "RANKS")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/parallel/${module}/*_test.cpp)
  if(NOT sources OR NOT TARGET graftage_${module} OR NOT TARGET graftage_mpi)
    return()
  endif()
  graftage_add_test_executable(ptest_${module} ${module} ${sources} ${PROJECT_SOURCE_DIR}/tests/support/mpi_main.cpp)
  graftage_link_modules(ptest_${module} mpi)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  foreach(ranks IN LISTS arg_RANKS)
    set(test parallel_${module}_${ranks})
    add_test(NAME ${test} COMMAND ${MPIRUN_PROGRAM} -q -np ${ranks} --bind-to none --oversubscribe
                                  $<TARGET_FILE:ptest_${module}>)
    set_tests_properties(${test} PROPERTIES
      LABELS mpi PROCESSORS ${ranks} TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "${graftage_test_environment}")
  endforeach()
endfunction()

# Every executable script of a folder is a test that gets the program and the checkout by environment; 77 means skipped.
function(graftage_script_tests label pattern)
  cmake_parse_arguments(PARSE_ARGV 2 arg "RUN_SERIAL" "TIMEOUT" "")
  file(GLOB scripts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${pattern})
  set(program "")
  if(TARGET graftage)
    set(program $<TARGET_FILE:graftage>)
  endif()
  foreach(script IN LISTS scripts)
    get_filename_component(name ${script} NAME_WE)
    set(test ${label}_${name})
    if(script MATCHES "\\.py$")
      add_test(NAME ${test} COMMAND ${graftage_test_python} ${script})
    else()
      add_test(NAME ${test} COMMAND ${script})
    endif()
    set_tests_properties(${test} PROPERTIES
      LABELS ${label} TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77 RUN_SERIAL "${arg_RUN_SERIAL}"
      WORKING_DIRECTORY ${PROJECT_BINARY_DIR}
      ENVIRONMENT "GRAFTAGE_BIN=${program};GRAFTAGE_SOURCE_DIR=${PROJECT_SOURCE_DIR};GRAFTAGE_BUILD_DIR=${PROJECT_BINARY_DIR};GRAFTAGE_CXX=${CMAKE_CXX_COMPILER};GRAFTAGE_CMAKE=${CMAKE_COMMAND};GRAFTAGE_LIBTORCH=${LibTorch_ROOT_DIR};GRAFTAGE_RDKIT_INCLUDE=${RDKit_INCLUDE_DIR};${graftage_test_environment}")
  endforeach()
endfunction()

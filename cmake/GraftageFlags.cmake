# Every compile flag of the project, in one interface target. The owner of the precompiled header and its users must agree
# on all of them (g++ refuses the header otherwise), so no target adds flags of its own.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")
set(CMAKE_CXX_FLAGS_SANITIZE "-O0 -g1 -fno-omit-frame-pointer")
set(CMAKE_C_FLAGS_SANITIZE "${CMAKE_CXX_FLAGS_SANITIZE}")

add_library(graftage_flags INTERFACE)
target_compile_options(graftage_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wunused -Winvalid-pch
  -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(graftage_flags INTERFACE -Wduplicated-cond -Wlogical-op)
  # g++ 12 reports accesses inside inlined std::string and std::vector code that do not happen (GCC PR 105329, 105651).
  target_compile_options(graftage_flags INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
if(GRAFTAGE_WERROR)
  target_compile_options(graftage_flags INTERFACE -Werror)
endif()
target_include_directories(graftage_flags INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/include)

# at::parallel_for is serial, silently, in a file compiled without OpenMP.
target_compile_options(graftage_flags INTERFACE -fopenmp)
target_link_options(graftage_flags INTERFACE -fopenmp)

find_package(Threads REQUIRED)
target_link_libraries(graftage_flags INTERFACE Threads::Threads)

if(GRAFTAGE_SANITIZE)
  target_compile_options(graftage_flags INTERFACE -fsanitize=${GRAFTAGE_SANITIZE} -fno-sanitize-recover=undefined)
  target_link_options(graftage_flags INTERFACE -fsanitize=${GRAFTAGE_SANITIZE})
endif()

# ccache and precompiled headers: without these four settings another clone of the same tree never hits.
find_program(CCACHE_PROGRAM ccache)
mark_as_advanced(CCACHE_PROGRAM)
if(CCACHE_PROGRAM AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(graftage_launcher ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${CMAKE_CURRENT_SOURCE_DIR} CCACHE_NOHASHDIR=1)
  if(NOT DEFINED ENV{CCACHE_DIR})
    list(APPEND graftage_launcher CCACHE_DIR=${CMAKE_CURRENT_SOURCE_DIR}/.ccache)
  endif()
  set(CMAKE_CXX_COMPILER_LAUNCHER ${graftage_launcher} ${CCACHE_PROGRAM})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(graftage_flags INTERFACE -fpch-preprocess)
  endif()
endif()

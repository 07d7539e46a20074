# Compiles core::build_info() into graftage_core. The git revision is looked up at build time and stands in one generated
# file that changes only when the revision does, so a commit recompiles one source.
if(TARGET graftage_core)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" graftage_build_type_upper)
  set(GRAFTAGE_COMPILER "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
  set(GRAFTAGE_COMPILE_FLAGS "${CMAKE_CXX_FLAGS_${graftage_build_type_upper}}")
  set(GRAFTAGE_LIBTORCH "${LibTorch_VERSION}")
  if(LibTorch_VERSION)
    string(APPEND GRAFTAGE_LIBTORCH " ${LibTorch_FLAVOUR}")
  endif()
  foreach(name GRAFTAGE_LIBTORCH RDKit_VERSION)
    if(NOT ${name})
      set(${name} "none")
    endif()
  endforeach()
  execute_process(COMMAND ${MPI_C_COMPILER} --showme:version OUTPUT_VARIABLE GRAFTAGE_MPI ERROR_QUIET
                  OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE graftage_failed)
  string(REGEX REPLACE "^.*mpicc: *|\\(.*$" "" GRAFTAGE_MPI "${GRAFTAGE_MPI}")
  string(STRIP "${GRAFTAGE_MPI}" GRAFTAGE_MPI)
  if(graftage_failed OR NOT GRAFTAGE_MPI)
    set(GRAFTAGE_MPI "MPI ${MPI_C_VERSION}")
  endif()
  set(graftage_generated ${PROJECT_BINARY_DIR}/generated)
  configure_file(${PROJECT_SOURCE_DIR}/src/core/build_info.cpp.in ${graftage_generated}/build_info.cpp @ONLY)
  set(graftage_revision ${graftage_generated}/git_revision.inc)
  add_custom_target(graftage_git_revision
    COMMAND ${CMAKE_COMMAND} -D SOURCE_DIR=${PROJECT_SOURCE_DIR} -D OUTPUT=${graftage_revision}
            -P ${PROJECT_SOURCE_DIR}/cmake/write_git_revision.cmake
    BYPRODUCTS ${graftage_revision} COMMENT "")
  set_source_files_properties(${graftage_generated}/build_info.cpp PROPERTIES OBJECT_DEPENDS ${graftage_revision})
  target_sources(graftage_core PRIVATE ${graftage_generated}/build_info.cpp)
  target_include_directories(graftage_core PRIVATE ${graftage_generated})
endif()

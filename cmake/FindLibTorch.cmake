# Finds LibTorch 2.12 or 2.13 and makes the target LibTorch::LibTorch from the folders of the distribution.
#
# find_package(Torch) is not used: on a CUDA wheel it stops with a fatal error where no CUDA toolkit is installed. Searched in
# this order: Torch_DIR and CMAKE_PREFIX_PATH (variable, then environment), the torch of python3 on the PATH, the checkout's
# virtual environment .venv. The first place that holds a supported version is taken; a place that the user named and that
# holds another version is an error. Defines LibTorch_ROOT_DIR, LibTorch_VERSION and LibTorch_FLAVOUR (CPU or CUDA).
set(libtorch_supported 2.12 2.13)

# Sets `out` to the version of the LibTorch under `root`, or to nothing.
function(libtorch_read_version root out)
  set(${out} "" PARENT_SCOPE)
  foreach(header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
    if(EXISTS ${root}/include/${header})
      file(STRINGS ${root}/include/${header} lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
      list(JOIN lines " " text)
      if(text MATCHES "MAJOR +([0-9]+).*MINOR +([0-9]+).*PATCH +([0-9]+)")
        set(${out} "${CMAKE_MATCH_1}.${CMAKE_MATCH_2}.${CMAKE_MATCH_3}" PARENT_SCOPE)
        return()
      endif()
    endif()
  endforeach()
endfunction()

# Tries one folder; on success sets LibTorch_ROOT_DIR. `named` says that the user asked for this folder.
function(libtorch_try root named)
  if(LibTorch_ROOT_DIR OR NOT EXISTS ${root}/include/ATen/ATen.h)
    return()
  endif()
  libtorch_read_version(${root} version)
  if(version MATCHES "^([0-9]+\\.[0-9]+)" AND CMAKE_MATCH_1 IN_LIST libtorch_supported)
    set(LibTorch_ROOT_DIR ${root} CACHE PATH "Folder of LibTorch with include/ and lib/")
  elseif(named)
    list(JOIN libtorch_supported " and " supported)
    message(FATAL_ERROR "LibTorch in ${root} is version '${version}'; graftage is built with ${supported}.\n"
      "Point Torch_DIR or CMAKE_PREFIX_PATH at such a version, or unset them and run scripts/setup.sh.")
  else()
    message(STATUS "LibTorch ${version} in ${root} is passed over: versions ${libtorch_supported} are supported")
  endif()
endfunction()

function(libtorch_search)
  foreach(place "${Torch_DIR}" "$ENV{Torch_DIR}")
    if(place)
      # Torch_DIR is <root>/share/cmake/Torch by CMake's custom; the root itself is understood too.
      get_filename_component(root "${place}/../../.." ABSOLUTE)
      libtorch_try(${root} TRUE)
      libtorch_try(${place} TRUE)
    endif()
  endforeach()
  string(REPLACE ":" ";" environment_prefixes "$ENV{CMAKE_PREFIX_PATH}")
  foreach(prefix IN LISTS CMAKE_PREFIX_PATH environment_prefixes)
    if(prefix)
      get_filename_component(root "${prefix}/../.." ABSOLUTE)
      libtorch_try(${prefix} TRUE)
      libtorch_try(${root} TRUE)
    endif()
  endforeach()
  find_program(graftage_python3 python3)
  mark_as_advanced(graftage_python3)
  foreach(python "${graftage_python3}" ${PROJECT_SOURCE_DIR}/.venv/bin/python)
    if(NOT LibTorch_ROOT_DIR AND EXISTS "${python}")
      execute_process(
        COMMAND ${python} -c
          "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
        OUTPUT_VARIABLE root OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
      if(root AND NOT failed)
        libtorch_try(${root} FALSE)
      endif()
    endif()
  endforeach()
endfunction()

if(NOT LibTorch_ROOT_DIR OR NOT EXISTS ${LibTorch_ROOT_DIR}/include/ATen/ATen.h)
  unset(LibTorch_ROOT_DIR CACHE)
  libtorch_search()
endif()

if(LibTorch_ROOT_DIR)
  libtorch_read_version(${LibTorch_ROOT_DIR} LibTorch_VERSION)
  foreach(name torch torch_cpu c10 torch_cuda c10_cuda)
    find_library(LibTorch_${name}_LIBRARY ${name} PATHS ${LibTorch_ROOT_DIR}/lib NO_DEFAULT_PATH)
    mark_as_advanced(LibTorch_${name}_LIBRARY)
  endforeach()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_ROOT_DIR LibTorch_torch_cpu_LIBRARY LibTorch_c10_LIBRARY VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "Run scripts/setup.sh, or point Torch_DIR at LibTorch 2.12 or 2.13.")

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  # Some of LibTorch's classes have members only where NDEBUG is not defined: they are laid out as in the library, which was
  # built with it.
  target_compile_definitions(LibTorch::LibTorch INTERFACE $<$<NOT:$<CONFIG:Release,RelWithDebInfo,MinSizeRel>>:NDEBUG>)
  target_include_directories(LibTorch::LibTorch SYSTEM INTERFACE
    ${LibTorch_ROOT_DIR}/include ${LibTorch_ROOT_DIR}/include/torch/csrc/api/include)
  set(LibTorch_FLAVOUR CPU)
  if(LibTorch_torch_cuda_LIBRARY AND LibTorch_c10_cuda_LIBRARY)
    set(LibTorch_FLAVOUR CUDA)
    # Nothing refers to libtorch_cuda by symbol; it registers its kernels when it is loaded, so the linker must keep it.
    target_link_libraries(LibTorch::LibTorch INTERFACE
      -Wl,--push-state,--no-as-needed ${LibTorch_torch_cuda_LIBRARY} -Wl,--pop-state ${LibTorch_c10_cuda_LIBRARY})
  endif()
  target_link_libraries(LibTorch::LibTorch INTERFACE ${LibTorch_torch_cpu_LIBRARY} ${LibTorch_c10_LIBRARY})
endif()

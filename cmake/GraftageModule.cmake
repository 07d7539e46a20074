# graftage_module(name [TENSOR] [LINK modules...] [THIRD_PARTY targets...])
#
# One static library graftage_<name>, alias graftage::<name>, from src/<name>/**.cpp except main.cpp. LINK names the modules
# below it, which its users may see too; THIRD_PARTY libraries stay private. TENSOR modules use LibTorch and the shared
# precompiled header; they are left out with GRAFTAGE_TORCH=OFF.
#
# graftage_executable(name source module) is a program of one source, the rest of which is a module.

# The one owner of the precompiled header of all tensor modules and their tests.
if(GRAFTAGE_TORCH)
  add_library(graftage_pch OBJECT ${PROJECT_SOURCE_DIR}/cmake/precompiled.cpp)
  target_link_libraries(graftage_pch PRIVATE graftage_flags LibTorch::LibTorch)
  target_precompile_headers(graftage_pch PRIVATE
    <ATen/ATen.h> <torch/csrc/autograd/custom_function.h> <torch/csrc/autograd/autograd.h>)
endif()

# Gives `target` its flags, and LibTorch with the precompiled header where it is a tensor target.
function(graftage_configure_target target tensor)
  target_link_libraries(${target} PUBLIC graftage_flags)
  if(tensor)
    target_link_libraries(${target} PUBLIC LibTorch::LibTorch)
    target_precompile_headers(${target} REUSE_FROM graftage_pch)
  endif()
endfunction()

function(graftage_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TENSOR" "" "LINK;THIRD_PARTY")
  if(arg_TENSOR AND NOT GRAFTAGE_TORCH)
    return()
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main.cpp$")
  if(NOT sources)
    return()
  endif()
  add_library(graftage_${name} STATIC ${sources})
  add_library(graftage::${name} ALIAS graftage_${name})
  set_target_properties(graftage_${name} PROPERTIES GRAFTAGE_TENSOR "${arg_TENSOR}")
  target_include_directories(graftage_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  graftage_configure_target(graftage_${name} ${arg_TENSOR})
  graftage_link_modules(graftage_${name} ${arg_LINK})
  target_link_libraries(graftage_${name} PUBLIC nlohmann_json::nlohmann_json PRIVATE ${arg_THIRD_PARTY})
endfunction()

# Links the modules that exist; the tensor ones are absent with GRAFTAGE_TORCH=OFF.
function(graftage_link_modules target)
  foreach(module IN LISTS ARGN)
    if(TARGET graftage_${module})
      target_link_libraries(${target} PUBLIC graftage::${module})
    endif()
  endforeach()
endfunction()

function(graftage_executable name source module)
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/${source} OR NOT TARGET graftage_${module})
    return()
  endif()
  add_executable(${name} ${PROJECT_SOURCE_DIR}/${source})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  get_target_property(tensor graftage_${module} GRAFTAGE_TENSOR)
  graftage_configure_target(${name} ${tensor})
  graftage_link_modules(${name} ${module})
endfunction()

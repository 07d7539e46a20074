# Third-party libraries, each behind one target. None of them carries compile flags.
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS program_options)
find_package(MPI REQUIRED COMPONENTS C)
# Without these mpi.h pulls in the removed C++ bindings, whose library is not linked.
target_compile_definitions(MPI::MPI_C INTERFACE OMPI_SKIP_MPICXX=1 MPICH_SKIP_MPICXX=1)

find_path(RANDOM123_INCLUDE_DIR Random123/philox.h)
mark_as_advanced(RANDOM123_INCLUDE_DIR)
if(NOT RANDOM123_INCLUDE_DIR)
  message(FATAL_ERROR "Random123/philox.h was not found; install librandom123-dev or set RANDOM123_INCLUDE_DIR.")
endif()
add_library(graftage_random123 INTERFACE)
target_include_directories(graftage_random123 SYSTEM INTERFACE ${RANDOM123_INCLUDE_DIR})

# Serial HDF5: the openmpi flavour is not thread-safe and drags mpi.h into hdf5.h, and nothing here is collective.
set(HDF5_PREFER_PARALLEL OFF)
find_package(HDF5 REQUIRED COMPONENTS C)
add_library(graftage_hdf5 INTERFACE)
target_link_libraries(graftage_hdf5 INTERFACE hdf5::hdf5)

if(GRAFTAGE_TORCH)
  find_package(LibTorch REQUIRED)
  message(STATUS "LibTorch ${LibTorch_VERSION} in ${LibTorch_ROOT_DIR} (${LibTorch_FLAVOUR})")
endif()

set(GRAFTAGE_RDKIT_TARGET "")
if(GRAFTAGE_RDKIT AND GRAFTAGE_TORCH)
  find_package(RDKit)
  if(RDKit_FOUND)
    set(GRAFTAGE_RDKIT_TARGET RDKit::RDKit)
  else()
    message(WARNING "RDKit was not found: SMILES importers are left out (install librdkit-dev).")
  endif()
endif()

# Finds RDKit's C++ libraries, which Debian ships without a CMake configuration.
#
# Defines the target RDKit::RDKit, which carries GRAFTAGE_RDKIT=1, and RDKit_VERSION. RDKit_SHARE_DIR is the folder that
# holds Data/ and Contrib/ (package rdkit-data); where it exists the target also carries GRAFTAGE_RDKIT_DATA_DIR.
find_path(RDKit_INCLUDE_DIR GraphMol/SmilesParse/SmilesParse.h PATH_SUFFIXES rdkit)
find_path(RDKit_SHARE_DIR Data/NCI/first_5K.smi PATHS /usr/share/RDKit /usr/local/share/RDKit ENV RDBASE)

set(rdkit_libraries_needed RDGeneral RDGeometryLib DataStructs Catalogs GraphMol SmilesParse SubstructMatch Subgraphs
  ChemTransforms MolAlign FileParsers FilterCatalog Fingerprints Descriptors)
set(rdkit_variables)
foreach(name IN LISTS rdkit_libraries_needed)
  find_library(RDKit_${name}_LIBRARY NAMES RDKit${name} RDKit${name}_static)
  mark_as_advanced(RDKit_${name}_LIBRARY)
  list(APPEND rdkit_variables RDKit_${name}_LIBRARY)
endforeach()
mark_as_advanced(RDKit_INCLUDE_DIR RDKit_SHARE_DIR)

# Debian leaves the version of RDGeneral/versions.h unfilled; the file name of the library has it (libRDKitGraphMol.so.1.2022.09.3).
if(RDKit_GraphMol_LIBRARY)
  get_filename_component(rdkit_library ${RDKit_GraphMol_LIBRARY} REALPATH)
  string(REGEX MATCH "20[0-9][0-9]\\.[0-9.]*[0-9]" RDKit_VERSION "${rdkit_library}")
endif()

find_package(Boost QUIET COMPONENTS serialization)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(RDKit REQUIRED_VARS RDKit_INCLUDE_DIR ${rdkit_variables} VERSION_VAR RDKit_VERSION)

if(RDKit_FOUND AND NOT TARGET RDKit::RDKit)
  add_library(RDKit::RDKit INTERFACE IMPORTED)
  target_include_directories(RDKit::RDKit SYSTEM INTERFACE ${RDKit_INCLUDE_DIR})
  foreach(variable IN LISTS rdkit_variables)
    target_link_libraries(RDKit::RDKit INTERFACE ${${variable}})
  endforeach()
  if(TARGET Boost::serialization)
    target_link_libraries(RDKit::RDKit INTERFACE Boost::serialization)
  endif()
  target_compile_definitions(RDKit::RDKit INTERFACE GRAFTAGE_RDKIT=1)
  if(RDKit_SHARE_DIR)
    target_compile_definitions(RDKit::RDKit INTERFACE "GRAFTAGE_RDKIT_DATA_DIR=\"${RDKit_SHARE_DIR}\"")
  endif()
endif()

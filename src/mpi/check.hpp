#pragma once

namespace graftage::mpi::detail {

/// @throws MpiError with the call and MPI's own words unless `code` is MPI_SUCCESS
void check(int code, const char* call);

}  // namespace graftage::mpi::detail

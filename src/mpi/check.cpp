#include "mpi/check.hpp"

#include "graftage/core/error.hpp"

#include <mpi.h>

#include <array>
#include <string>

namespace graftage::mpi::detail {

void check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING + 1> text{};
  int length = 0;
  if (MPI_Error_string(code, text.data(), &length) != MPI_SUCCESS) length = 0;
  throw core::MpiError(
      std::string(call) + " failed: " +
      (length > 0 ? std::string(text.data(), static_cast<std::size_t>(length)) : "error " + std::to_string(code)) +
      "; another rank may have failed first, see its message");
}

}  // namespace graftage::mpi::detail

#pragma once

#include "graftage/core/error.hpp"
#include "graftage/mpi/communicator.hpp"

#include <functional>
#include <string>

namespace graftage::mpi {

/// An error that every rank of a group throws at the same place; MPI may be finalized and its code returned.
class AgreedError : public core::Error {
 public:
  AgreedError(core::ExitCode code, const std::string& message, int rank) : Error(code, message), rank_(rank) {}
  /// Lowest rank that failed.
  [[nodiscard]] int rank() const noexcept { return rank_; }

 private:
  int rank_;
};

/// Runs a local phase on every rank and makes failures common: if any rank throws, all ranks throw the AgreedError of
/// the lowest failing rank (same text, same exit code; 70 for what is no core::Error). The local phase must not
/// communicate over this group. Collective.
void agree(const Communicator& communicator, const std::function<void()>& local_phase);

/// True on every rank if it is true on at least one. Collective.
[[nodiscard]] bool any_of(const Communicator& communicator, bool local);

}  // namespace graftage::mpi

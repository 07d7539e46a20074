#pragma once

#include "graftage/mpi/communicator.hpp"

#include <functional>

namespace graftage::mpi {

/// Runs a local phase on every rank and makes failures common: if any rank throws a core::Error, all ranks throw the
/// error of the lowest failing rank (same text, same exit code). Collective.
void agree(const Communicator& communicator, const std::function<void()>& local_phase);

/// True on every rank if it is true on at least one. Collective.
[[nodiscard]] bool any_of(const Communicator& communicator, bool local);

}  // namespace graftage::mpi

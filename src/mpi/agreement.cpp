#include "graftage/mpi/agreement.hpp"

#include "graftage/core/as_error.hpp"

#include <exception>

namespace graftage::mpi {

namespace {

struct Outcome {
  bool failed = false;
  core::ExitCode code = core::ExitCode::Done;
  std::string message;
};

Outcome run(const std::function<void()>& local_phase) {
  try {
    local_phase();
  } catch (const std::exception& exception) {
    const auto error = core::as_error(exception);
    return {true, error.exit_code(), error.what()};
  }
  return {};
}

}  // namespace

void agree(const Communicator& communicator, const std::function<void()>& local_phase) {
  const Outcome outcome = run(local_phase);
  communicator.wait_for_all();  // phases may differ by minutes
  const std::int64_t size = communicator.size();
  // The lowest failing rank has the largest distance to `size`; 0 where nothing failed.
  const std::int64_t distance = communicator.max(outcome.failed ? size - communicator.rank() : std::int64_t{0});
  if (distance == 0) return;
  const int rank = static_cast<int>(size - distance);
  int code = static_cast<int>(outcome.code);
  communicator.broadcast(std::span(&code, 1), rank);
  throw AgreedError(static_cast<core::ExitCode>(code), communicator.broadcast_text(outcome.message, rank), rank);
}

bool any_of(const Communicator& communicator, bool local) { return communicator.max(std::int64_t{local ? 1 : 0}) != 0; }

}  // namespace graftage::mpi

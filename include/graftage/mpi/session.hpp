#pragma once

namespace graftage::mpi {

/// MPI_Init in the constructor, MPI_Finalize in the destructor (not while an exception unwinds).
/// One per process, owned by a subcommand that needs ranks; `--help`, inspect, report and study never make one.
class Session {
 public:
  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
};

/// Ends all ranks at once with an exit code.
[[noreturn]] void abort_all(int exit_code);

/// True between Session construction and destruction.
[[nodiscard]] bool is_initialized();

}  // namespace graftage::mpi

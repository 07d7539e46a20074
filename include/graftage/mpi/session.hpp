#pragma once

#include <map>
#include <string>

namespace graftage::mpi {

/// MPI_Init in the constructor, MPI_Finalize in the destructor (not while an exception unwinds).
/// One per process, owned by a subcommand that needs ranks; `--help`, inspect, report and study never make one.
class Session {
 public:
  /// @throws MpiError if MPI cannot start or cannot run beside other threads
  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  /// Ends MPI now, collectively; for an error that all ranks agreed on, before it leaves the session's scope.
  void finalize();

 private:
  int exceptions_at_start_;
};

/// Ends all ranks at once with an exit code.
[[noreturn]] void abort_all(int exit_code);

/// True between Session construction and destruction.
[[nodiscard]] bool is_initialized();

/// Why this process found itself alone although the launcher started several ranks, and what to do; empty if all is
/// well.
///
/// Without this check each of srun's tasks would train its own model and write the same files. Needs a Session.
[[nodiscard]] std::string launch_problem();

/// As above for a given size of the world and a given environment.
[[nodiscard]] std::string launch_problem(int world_size, const std::map<std::string, std::string>& environment);

}  // namespace graftage::mpi

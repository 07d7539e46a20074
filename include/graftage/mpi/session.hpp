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

/// Name and version of the MPI library in use, "Open MPI v4.1.4". Needs no Session.
[[nodiscard]] std::string library_version();

/// How a launcher started this process, from its environment; all empty or 0 without one.
struct Launch {
  std::string launcher;  ///< "mpirun", "srun", or the empty text
  int num_tasks = 0;     ///< that it says it started
  std::string wire_up;   ///< "PMIx", "PMI", or the empty text: how its tasks find each other
};
[[nodiscard]] Launch read_launch(const std::map<std::string, std::string>& environment);
/// The variables that read_launch and launch_problem look at, of this process.
[[nodiscard]] std::map<std::string, std::string> launch_environment();

/// Why this process found itself alone although the launcher started several ranks, and what to do; empty if all is
/// well.
///
/// Without this check each of srun's tasks would train its own model and write the same files. Needs a Session.
[[nodiscard]] std::string launch_problem();

/// As above for a given size of the world and a given environment.
[[nodiscard]] std::string launch_problem(int world_size, const std::map<std::string, std::string>& environment);

}  // namespace graftage::mpi

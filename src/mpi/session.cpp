#include "graftage/mpi/session.hpp"

#include "graftage/core/error.hpp"
#include "mpi/check.hpp"

#include <mpi.h>

#include <array>
#include <cstdlib>
#include <exception>
#include <utility>

namespace graftage::mpi {

Session::Session() : exceptions_at_start_(std::uncaught_exceptions()) {
  int started = 0;
  detail::check(MPI_Initialized(&started), "MPI_Initialized");
  GRAFTAGE_CHECK(started == 0);
  int provided = MPI_THREAD_SINGLE;
  detail::check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_FUNNELED)
    throw core::MpiError("this MPI library was built without support for threads; use one with MPI_THREAD_FUNNELED");
  detail::check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  detail::check(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
}

Session::~Session() {
  // While an exception unwinds on this rank only, finalizing would wait for the others; main aborts instead.
  if (std::uncaught_exceptions() > exceptions_at_start_ || !is_initialized()) return;
  MPI_Finalize();
}

void Session::finalize() {
  if (is_initialized()) detail::check(MPI_Finalize(), "MPI_Finalize");
}

void abort_all(int exit_code) {
  if (is_initialized()) MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

bool is_initialized() {
  int started = 0;
  int ended = 0;
  MPI_Initialized(&started);
  MPI_Finalized(&ended);
  return started != 0 && ended == 0;
}

namespace {

int number_of(const std::map<std::string, std::string>& environment, const char* name) {
  const auto entry = environment.find(name);
  return entry == environment.end() ? 0 : std::atoi(entry->second.c_str());
}

}  // namespace

std::string launch_problem(int world_size, const std::map<std::string, std::string>& environment) {
  if (world_size != 1) return {};
  const auto several = [](int count, const std::string& launcher, const std::string& remedy) {
    return launcher + " started " + std::to_string(count) +
           " tasks, but MPI sees one rank only: every task would do the whole work and write the same files; " + remedy;
  };
  // mpirun's own word decides: inside an allocation its processes inherit the variables of a Slurm step, too.
  for (const char* const name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    const int count = number_of(environment, name);
    if (count > 1)
      return several(count, std::string("mpirun (") + name + ")",
                     "use the mpirun of the MPI library that graftage was built with (graftage --version names it)");
    if (count == 1) return {};
  }
  const int tasks = number_of(environment, "SLURM_STEP_NUM_TASKS");
  if (tasks > 1)
    return several(tasks, "srun (SLURM_STEP_NUM_TASKS)", "use srun --mpi=pmix, or mpirun inside the allocation");
  return {};
}

std::string library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  detail::check(MPI_Get_library_version(text.data(), &length), "MPI_Get_library_version");
  const std::string all(text.data(), static_cast<std::size_t>(length));
  return all.substr(0, all.find_first_of(",\n"));
}

Launch read_launch(const std::map<std::string, std::string>& environment) {
  Launch launch;
  for (const auto& [name, launcher] : {std::pair("OMPI_COMM_WORLD_SIZE", "mpirun"), std::pair("PMI_SIZE", "mpirun"),
                                       std::pair("SLURM_STEP_NUM_TASKS", "srun")}) {
    launch.num_tasks = number_of(environment, name);
    if (launch.num_tasks == 0) continue;
    launch.launcher = launcher;
    break;
  }
  if (launch.num_tasks == 0) return launch;
  launch.wire_up = environment.contains("PMIX_RANK") ? "PMIx" : environment.contains("PMI_RANK") ? "PMI" : "";
  return launch;
}

std::map<std::string, std::string> launch_environment() {
  std::map<std::string, std::string> environment;
  for (const char* const name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS", "PMIX_RANK", "PMI_RANK"})
    if (const char* const value = std::getenv(name)) environment[name] = value;
  return environment;
}

std::string launch_problem() {
  GRAFTAGE_CHECK(is_initialized());
  int size = 0;
  detail::check(MPI_Comm_size(MPI_COMM_WORLD, &size), "MPI_Comm_size");
  return launch_problem(size, launch_environment());
}

}  // namespace graftage::mpi

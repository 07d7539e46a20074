#pragma once

#include "graftage/config/fields.hpp"
#include "graftage/mpi/communicator.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace graftage::app {

/// The parsed command line of one subcommand.
struct Invocation {
  std::filesystem::path executable;    ///< of this program, for child processes
  std::vector<std::string> arguments;  ///< positional ones
  std::optional<std::filesystem::path> config;
  std::vector<std::string> settings;  ///< of --set
  std::optional<std::string> output;  ///< of --output: the same as --set output=DIR
  bool dry_run = false;
};

/// One subcommand: what it is for, and how to run it. @return an exit code
struct Command {
  std::string name;
  std::string summary;      ///< one line for `graftage --help`
  std::string description;  ///< paragraphs and examples for `graftage NAME --help`
  std::string positional;   ///< "RUN_DIR", "FILE", or empty
  bool takes_config = false;
  int (*run)(const Invocation&) = nullptr;
  std::vector<config::FieldInfo> (*fields)() = nullptr;   ///< keys of its configuration, for the help
  std::vector<config::FieldInfo> (*choices)() = nullptr;  ///< keys of list entries and of components chosen by `kind`
};

int run_import(const Invocation& invocation);
int run_pretrain(const Invocation& invocation);
int run_adapt(const Invocation& invocation);
int run_sweep(const Invocation& invocation);
int run_study(const Invocation& invocation);
int run_report(const Invocation& invocation);
int run_inspect(const Invocation& invocation);
int run_doctor(const Invocation& invocation);

/// All subcommands in the order of a study.
[[nodiscard]] const std::vector<Command>& commands();

/// Parses argv and runs the subcommand; prints help and version. @throws core::UsageError
int dispatch(const std::vector<std::string>& argv);

/// The document of --config with --set and --output applied. @throws UsageError, MissingInput, ConfigError
[[nodiscard]] config::Node load_document(const Invocation& invocation);

/// Whether ranks that find themselves alone although a launcher started several are refused, or left to the command.
enum class LaunchCheck { Refuse, Skip };

/// Starts MPI, sets up the log and signal handlers, runs `body` on every rank and ends MPI: normally, or after an error
/// that all ranks agree on; otherwise all ranks are aborted with the error's code.
int with_ranks(const std::function<int(const mpi::Communicator&)>& body, LaunchCheck check = LaunchCheck::Refuse);

/// Rank 0 reads the document, all ranks parse the same text and `parse` it; a failure is everybody's.
void parse_on_all_ranks(const Invocation& invocation, const mpi::Communicator& world,
                        const std::function<void(const config::Node&)>& parse);

}  // namespace graftage::app

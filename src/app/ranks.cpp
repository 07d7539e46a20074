#include "app/command.hpp"
#include "graftage/config/load.hpp"
#include "graftage/core/allocator.hpp"
#include "graftage/core/as_error.hpp"
#include "graftage/core/atomic_file.hpp"
#include "graftage/core/log.hpp"
#include "graftage/core/stop_signal.hpp"
#include "graftage/core/text.hpp"
#include "graftage/mpi/agreement.hpp"
#include "graftage/mpi/session.hpp"

#include <iostream>

namespace graftage::app {

namespace {

/// Errors that every rank throws at the same place, so that MPI may end normally.
bool is_common_to_all_ranks(const core::Error& error, const mpi::Communicator& world) {
  return world.size() == 1 || dynamic_cast<const mpi::AgreedError*>(&error) != nullptr ||
         dynamic_cast<const core::Interrupted*>(&error) != nullptr ||
         dynamic_cast<const core::NumericError*>(&error) != nullptr;
}

[[noreturn]] void abort_job(const mpi::Communicator& world, const std::string& message, core::ExitCode code) {
  std::cerr << "graftage: rank " << world.rank() << ": " << core::printable(message) << std::endl;
  mpi::abort_all(static_cast<int>(code));
}

config::Node parse_document(const std::string& text, const Invocation& invocation) {
  config::Node document = config::parse_yaml(text, invocation.config->string());
  config::apply_settings(document, invocation.settings);
  const bool is_section = document.kind == config::Node::Kind::Mapping || document.kind == config::Node::Kind::Null;
  if (invocation.output && is_section)
    document.entry("output") = config::Node::from_scalar(*invocation.output, {.file = "--output"}, true);
  const config::Node* output = document.find("output");  // empty, as in --output "$UNSET": not the current directory
  if (output != nullptr && output->kind != config::Node::Kind::Mapping && core::trim(output->scalar).empty() &&
      output->items.empty())
    throw core::ConfigError(output->mark.text(), "output: is empty; name a directory");
  return document;
}

std::string read_document(const Invocation& invocation) {
  if (!invocation.config) throw core::UsageError("--config FILE is missing; see --help for an example");
  return core::read_text(*invocation.config, "check --config; examples are in configs/");
}

}  // namespace

config::Node load_document(const Invocation& invocation) {
  return parse_document(read_document(invocation), invocation);
}

void parse_on_all_ranks(const Invocation& invocation, const mpi::Communicator& world,
                        const std::function<void(const config::Node&)>& parse) {
  std::string text;
  mpi::agree(world, [&] {
    if (world.is_root()) text = read_document(invocation);
  });
  text = world.broadcast_text(text);
  mpi::agree(world, [&] { parse(parse_document(text, invocation)); });
}

int with_ranks(const std::function<int(const mpi::Communicator&)>& body, LaunchCheck check) {
  (void)core::configure_allocator();
  mpi::Session session;
  const auto world = mpi::Communicator::world();
  core::configure_log(core::LogLevel::Info, world.rank(), world.size());
  core::install_stop_signal_handlers();
  try {
    const std::string problem = check == LaunchCheck::Refuse ? mpi::launch_problem() : "";
    if (!problem.empty()) throw core::MpiError(problem);
    return body(world);
  } catch (const core::Error& error) {
    if (!is_common_to_all_ranks(error, world)) abort_job(world, error.what(), error.exit_code());
    if (world.is_root()) std::cerr << "graftage: " << core::printable(error.what()) << std::endl;
    session.finalize();
    return static_cast<int>(error.exit_code());
  } catch (const std::exception& exception) {
    const auto error = core::as_error(exception);
    abort_job(world, error.what(), error.exit_code());
  }
}

}  // namespace graftage::app

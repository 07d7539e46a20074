#pragma once

#include "graftage/mpi/communicator.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <ctime>
#include <functional>
#include <memory>
#include <string>

namespace graftage::bench {

using Json = nlohmann::json;

/// graftage's side of a race: sets something up once, then runs a block per request.
class Contender {
 public:
  virtual ~Contender() = default;
  /// What the harness should know before the first block.
  [[nodiscard]] virtual Json first() { return Json::object(); }
  /// Runs a block. @return Stopwatch::block, and more
  [[nodiscard]] virtual Json block(const Json& request) = 0;
};

/// Made by the file of the same name. spec: the JSON object of the command line.
std::unique_ptr<Contender> make_pretraining(const Json& spec, const mpi::Communicator& ranks);
std::unique_ptr<Contender> make_embedding(const Json& spec, const mpi::Communicator& ranks);
std::unique_ptr<Contender> make_adaptation(const Json& spec, const mpi::Communicator& ranks);
std::unique_ptr<Contender> make_feeding(const Json& spec, const mpi::Communicator& ranks);
std::unique_ptr<Contender> make_checkpoints(const Json& spec, const mpi::Communicator& ranks);
std::unique_ptr<Contender> make_trials(const Json& spec, const mpi::Communicator& ranks);
std::unique_ptr<Contender> make_reduction(const Json& spec, const mpi::Communicator& ranks);

/// Highest resident set of this process, MiB.
[[nodiscard]] double peak_mebibytes();

/// Wall and processor time (all threads) of a block.
class Stopwatch {
 public:
  Stopwatch() : start_(std::chrono::steady_clock::now()), processor_start_(std::clock()) {}
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  [[nodiscard]] Json block(double items) const;

 private:
  std::chrono::steady_clock::time_point start_;
  std::clock_t processor_start_;
};

}  // namespace graftage::bench

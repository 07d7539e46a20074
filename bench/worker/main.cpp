// graftage's side of every race: bench_worker SPEC, a JSON object whose "mode" names one of the contenders.
//
// Prints a line of facts, then answers each line of stdin (a JSON request) with a line of JSON. Under mpirun rank 0
// speaks; the other ranks sleep until it leaves a request in "control".<number>, so a waiting group of ranks does not
// disturb the contender whose turn it is.

#include "contender.hpp"
#include "graftage/core/allocator.hpp"
#include "graftage/mpi/session.hpp"
#include "graftage/train/numerics.hpp"
#include "graftage/train/tensor_memory.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace graftage::bench {

double peak_mebibytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

Json Stopwatch::block(double items) const {
  const double processor = static_cast<double>(std::clock() - processor_start_) / CLOCKS_PER_SEC;
  return {{"seconds", seconds()},
          {"cpu_seconds", processor},
          {"items", items},
          {"peak_mebibytes", bench::peak_mebibytes()}};
}

namespace {

using Make = std::unique_ptr<Contender> (*)(const Json&, const mpi::Communicator&);
const std::map<std::string, Make>& modes() {
  static const std::map<std::string, Make> table = {{"pretraining", make_pretraining}, {"embedding", make_embedding},
                                                    {"adaptation", make_adaptation},   {"feeding", make_feeding},
                                                    {"checkpoints", make_checkpoints}, {"trials", make_trials},
                                                    {"reduction", make_reduction}};
  return table;
}

/// The next request, on every rank; nothing at the end.
class Requests {
 public:
  Requests(const mpi::Communicator& ranks, std::string control) : ranks_(ranks), control_(std::move(control)) {}

  std::optional<std::string> next() {
    const std::string place = control_ + "." + std::to_string(number_++);
    if (!ranks_.is_root()) return await(place);
    std::string line;
    const bool more = static_cast<bool>(std::getline(std::cin, line));
    if (ranks_.size() > 1) {
      std::ofstream(place + ".part") << (more ? line : "");
      std::filesystem::rename(place + ".part", place);
    }
    return more ? std::optional(line) : std::nullopt;
  }

 private:
  static std::optional<std::string> await(const std::string& place) {
    while (!std::filesystem::exists(place)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::ostringstream text;
    text << std::ifstream(place).rdbuf();
    return text.str().empty() ? std::nullopt : std::optional(text.str());
  }
  const mpi::Communicator& ranks_;
  std::string control_;
  std::int64_t number_ = 0;
};

void serve(const Json& spec, const mpi::Communicator& ranks) {
  const std::string allocator = core::configure_allocator();
  train::configure_tensor_memory();
  const std::string numerics = train::configure_numerics(spec.value("threads", 1));
  const auto contender = modes().at(spec.at("mode").get<std::string>())(spec, ranks);
  Json first = contender->first();
  first["numerics"] = train::reproducibility_class();
  first["threads"] = numerics;
  first["allocator"] = allocator;
  first["mpi_ranks"] = ranks.size();
  if (ranks.is_root()) std::cout << first << std::endl;
  Requests requests(ranks, spec.value("control", ""));
  while (const auto request = requests.next()) {
    const Json answer = contender->block(Json::parse(*request));
    if (ranks.is_root()) std::cout << answer << std::endl;
  }
}

int run(const char* text) {
  const Json spec = Json::parse(text);
  if (!spec.value("ranks", false)) {
    serve(spec, mpi::Communicator::self());
    return 0;
  }
  mpi::Session session;
  serve(spec, mpi::Communicator::world());
  return 0;
}

}  // namespace
}  // namespace graftage::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: bench_worker '{\"mode\": …}'\n";
    return 64;
  }
  try {
    return graftage::bench::run(argv[1]);
  } catch (const std::exception& error) {
    std::cout << nlohmann::json{{"error", error.what()}} << std::endl;
    return 70;
  }
}

// The exact sum of one gradient per rank: the fixed tree of train::GradientReducer against a plain MPI_Allreduce of the
// same floats.
//
// spec: values (length of a gradient), ranks: true. request: operation "tree" or "allreduce", repeat.

#include "contender.hpp"
#include "graftage/train/gradient_reducer.hpp"

#include <mpi.h>

#include <optional>
#include <stdexcept>
#include <vector>

namespace graftage::bench {

namespace {

class Reduction final : public Contender {
 public:
  Reduction(const Json& spec, const mpi::Communicator& ranks)
      : ranks_(ranks), values_(spec.value("values", std::size_t{1857900})) {}

  Json block(const Json& request) override {
    const std::string operation = request.at("operation");
    const int repeat = request.value("repeat", 10);
    const auto [first, last] = train::GradientReducer::range_of(ranks_.size(), ranks_.size(), ranks_.rank());
    const train::GradientReducer reducer(ranks_, ranks_.size());
    double seconds = 0;
    const Stopwatch whole;
    for (int i = 0; i < repeat; ++i) {
      std::vector<std::optional<train::Contribution>> leaves;
      for (auto leaf = first; leaf < last; ++leaf)
        leaves.emplace_back(train::Contribution{std::vector<float>(values_, 1.0F + static_cast<float>(leaf)), {1.0}});
      std::vector<float> plain = operation == "tree" ? std::vector<float>() : std::vector<float>(values_, 1.0F);
      ranks_.barrier();
      const Stopwatch watch;
      if (operation == "tree") {
        (void)reducer.reduce(std::move(leaves));
      } else if (operation == "allreduce") {
        MPI_Allreduce(MPI_IN_PLACE, plain.data(), static_cast<int>(plain.size()), MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
      } else {
        throw std::runtime_error("unknown operation " + operation);
      }
      seconds += watch.seconds();
    }
    Json answer = whole.block(repeat);
    answer["seconds"] = ranks_.max(seconds);
    return answer;
  }

 private:
  const mpi::Communicator& ranks_;
  std::size_t values_;
};

}  // namespace

std::unique_ptr<Contender> make_reduction(const Json& spec, const mpi::Communicator& ranks) {
  return std::make_unique<Reduction>(spec, ranks);
}

}  // namespace graftage::bench

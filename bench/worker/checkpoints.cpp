// Checkpoints of a 5 x 300 encoder's training state: written durably, and read back verified.
//
// spec: directory. request: operation "write", "load", or "write_plain": the same bytes to one file with one fsync, the
// disk's share of it.

#include "contender.hpp"
#include "graftage/core/atomic_file.hpp"
#include "graftage/nn/encoder.hpp"
#include "graftage/train/checkpoint.hpp"

#include <ATen/ATen.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace graftage::bench {

namespace {

class Checkpoints final : public Contender {
 public:
  Checkpoints(const Json& spec, const mpi::Communicator&) : directory_(spec.at("directory").get<std::string>()) {
    const nn::Encoder encoder(nn::EncoderConfig{}, graph::chem_schema());
    state_.config_digest = std::string(64, '0');
    state_.parameters = encoder.initialize(core::SeedSequence(0));
    state_.buffers = encoder.initial_buffers();
    const std::int64_t values = state_.parameters.num_values();
    const auto stream = core::SeedSequence(1).child("moments");
    state_.first_moment = noise(values, stream.child(1));
    state_.second_moment = noise(values, stream.child(2)).square();
  }

  Json first() override { return {{"values", state_.parameters.num_values()}}; }

  Json block(const Json& request) override {
    const train::CheckpointStore store(directory_);
    const std::string operation = request.at("operation");
    const Stopwatch watch;
    if (operation == "write") {
      state_.step += 1;
      store.write(state_);
    } else if (operation == "load") {
      if (!store.load_newest(state_.config_digest)) throw std::runtime_error("there is no checkpoint to load");
    } else if (operation == "write_plain") {
      const std::vector<char> bytes(static_cast<std::size_t>(state_.parameters.num_values()) * 12, 'x');
      core::commit_file(directory_ / "plain", [&](const std::filesystem::path& path) {
        std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      });
    } else {
      throw std::runtime_error("unknown operation " + operation);
    }
    Json answer = watch.block(1);
    answer["bytes"] = newest_bytes();
    return answer;
  }

 private:
  static at::Tensor noise(std::int64_t values, const core::SeedSequence& seed) {
    auto stream = seed.stream();
    at::Tensor result = at::empty({values}, at::kFloat);
    auto* out = result.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < values; ++i) out[i] = static_cast<float>(stream.uniform() * 1e-3);
    return result;
  }

  [[nodiscard]] std::uintmax_t newest_bytes() const {
    std::uintmax_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_))
      if (entry.path().extension() == ".h5") bytes = std::max(bytes, entry.file_size());
    return bytes;
  }

  std::filesystem::path directory_;
  train::Checkpoint state_;
};

}  // namespace

std::unique_ptr<Contender> make_checkpoints(const Json& spec, const mpi::Communicator& ranks) {
  return std::make_unique<Checkpoints>(spec, ranks);
}

}  // namespace graftage::bench

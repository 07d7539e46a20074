#include "app/command.hpp"
#include "graftage/core/log.hpp"
#include "graftage/pretrain/run.hpp"
#include "graftage/train/numerics.hpp"
#include "graftage/train/tensor_memory.hpp"

#include <iostream>

namespace graftage::app {

int run_pretrain(const Invocation& invocation) {
  if (invocation.dry_run) {
    std::cout << config::dump(pretrain::read_pretrain_config(load_document(invocation))).to_yaml();
    return 0;
  }
  return with_ranks([&](const mpi::Communicator& world) {
    pretrain::PretrainConfig config;
    parse_on_all_ranks(invocation, world,
                       [&](const config::Node& document) { config = pretrain::read_pretrain_config(document); });
    train::configure_tensor_memory();
    core::log_info(train::configure_numerics(static_cast<int>(config.train.threads)) + ", " +
                   std::to_string(world.size()) + " ranks");
    const bool trained = pretrain::run_pretrain(config, world);
    if (world.is_root())
      std::cout << (trained ? "trained: " : "trained before: ") << (config.output / "encoder.h5").string() << std::endl;
    return 0;
  });
}

}  // namespace graftage::app

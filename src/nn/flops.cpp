#include "graftage/nn/flops.hpp"

namespace graftage::nn {

double encoder_flops(const EncoderConfig& config, const graph::MessageFlow& flow) {
  double rows = 0;
  for (const graph::FlowLayer& layer : flow.layers) rows += static_cast<double>(layer.sources.rows());
  const auto width = static_cast<double>(config.width);
  return 2.0 * rows * (width * 2.0 * width + 2.0 * width * width);
}

}  // namespace graftage::nn

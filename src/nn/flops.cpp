#include "graftage/nn/flops.hpp"

#include "graftage/nn/weights.hpp"

namespace graftage::nn {

double encoder_flops(const EncoderConfig& config, const graph::MessageFlow& flow, const PassShortcuts& shortcuts) {
  double rows = 0;
  for (const graph::FlowLayer& layer : flow.layers) {
    const graph::LinearMap& sources = layer.sources;
    const bool pooled = shortcuts.reads_out_early && &layer == &flow.layers.back();
    rows += static_cast<double>(pooled ? flow.num_graphs : sources.rows());
    rows += static_cast<double>(shortcuts.multiplies_before && multiplies_before(sources) ? sources.columns()
                                                                                          : sources.rows());
  }
  const auto width = static_cast<double>(config.width);
  return 2.0 * rows * width * 2.0 * width;
}

}  // namespace graftage::nn

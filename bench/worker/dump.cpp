#include "dump.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

namespace graftage::bench {

void write_tensor(h5::File& file, const std::string& name, const at::Tensor& tensor) {
  const at::Tensor values = tensor.detach().to(at::kFloat).contiguous();
  const std::vector<std::uint64_t> shape(values.sizes().begin(), values.sizes().end());
  const std::span<const float> span(values.const_data_ptr<float>(), static_cast<std::size_t>(values.numel()));
  file.write<float>(name, span, shape.empty() ? std::vector<std::uint64_t>{1} : shape);
}

void write_integers(h5::File& file, const std::string& name, const std::vector<std::int64_t>& values,
                    const h5::Layout& layout) {
  file.write<std::int64_t>(name, values, {values.size()}, h5::ElementType::Int64, layout);
}

void write_parameters(h5::File& file, const std::string& group, const nn::Parameters& parameters) {
  for (const auto& [name, tensor] : parameters.entries()) write_tensor(file, group + name, tensor);
}

void write_graphs(h5::File& file, const std::string& group, const graph::GraphBatch& batch, const h5::Layout& layout) {
  write_integers(file, group + "node_features", batch.node_features, layout);
  write_integers(file, group + "edge_source", batch.edge_source, layout);
  write_integers(file, group + "edge_target", batch.edge_target, layout);
  write_integers(file, group + "edge_features", batch.edge_features, layout);
  write_integers(file, group + "node_ptr", batch.node_ptr, layout);
  write_integers(file, group + "edge_ptr", batch.edge_ptr, layout);
  if (!batch.labels.defined()) return;
  write_tensor(file, group + "labels", batch.labels);
  write_tensor(file, group + "label_mask", batch.label_mask);
}

void write_first_step(h5::File& file, const at::Tensor& loss, const nn::Parameters& parameters) {
  const auto gradients = torch::autograd::grad({loss}, parameters.tensors(), {}, false, false, /*allow_unused=*/true);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const auto& [name, tensor] = parameters.entries()[i];
    write_tensor(file, "/gradient/" + name, gradients[i].defined() ? gradients[i] : at::zeros_like(tensor));
  }
  file.set_attribute("/", "loss", loss.item<double>());
}

}  // namespace graftage::bench

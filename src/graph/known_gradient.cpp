#include "graftage/graph/known_gradient.hpp"

#include "graftage/core/error.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace graftage::graph {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct KnownGradient : torch::autograd::Function<KnownGradient> {
  static at::Tensor forward(AutogradContext* context, double value, at::TensorList tensors,
                            const variable_list& gradients) {
    for (std::size_t i = 0; i < gradients.size(); ++i)
      context->saved_data[std::to_string(i)] = gradients[i].defined() ? gradients[i].detach() : at::Tensor();
    context->saved_data["count"] = static_cast<std::int64_t>(gradients.size());
    return at::full({}, value, tensors[0].options().requires_grad(false));
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradient) {
    const auto count = static_cast<std::size_t>(context->saved_data["count"].toInt());
    variable_list result(count + 2);
    const double factor = gradient[0].item<double>();
    for (std::size_t i = 0; i < count; ++i) {
      const at::Tensor& known = context->saved_data[std::to_string(i)].toTensor();
      if (known.defined()) result[i + 1] = factor == 1.0 ? known : known * factor;
    }
    return result;
  }
};

}  // namespace

at::Tensor with_known_gradient(double value, const std::vector<at::Tensor>& tensors,
                               const std::vector<at::Tensor>& gradients) {
  GRAFTAGE_CHECK(!tensors.empty() && tensors.size() == gradients.size(), tensors.size(), gradients.size());
  for (std::size_t i = 0; i < tensors.size(); ++i)
    GRAFTAGE_CHECK(!gradients[i].defined() || gradients[i].sizes() == tensors[i].sizes(), i);
  return KnownGradient::apply(value, at::TensorList(tensors), gradients);
}

}  // namespace graftage::graph

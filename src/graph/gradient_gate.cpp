#include "graftage/graph/gradient_gate.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace graftage::graph {

namespace {

struct PassGate : torch::autograd::Function<PassGate> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& closed) {
    context->saved_data["closed"] = closed;  // looked at when the backward pass runs, not now
    return x.view_as(x);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradient) {
    if (context->saved_data["closed"].toTensor().item<bool>()) return {at::Tensor(), at::Tensor()};
    return {gradient[0], at::Tensor()};
  }
};

}  // namespace

GradientGate::GradientGate() : closed_(at::zeros({}, at::kBool)) {}

at::Tensor GradientGate::pass(const at::Tensor& x) const {
  if (!x.requires_grad() || !at::GradMode::is_enabled()) return x;
  return PassGate::apply(x, closed_);
}

void GradientGate::close() { closed_.fill_(true); }
void GradientGate::open() { closed_.fill_(false); }

}  // namespace graftage::graph

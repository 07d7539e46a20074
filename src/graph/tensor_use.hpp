#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/autograd/graph_task.h>

namespace graftage::graph::detail {

// Whether a result may take the memory of what it is computed from, in a backward pass that is not recorded.

/// Nobody else holds this incoming gradient.
[[nodiscard]] inline bool is_alone(const at::Tensor& gradient) {
  return gradient.use_count() == 1 && gradient.storage().use_count() == 1 && gradient.is_contiguous();
}

/// Nobody but the saved variable that x was unpacked from holds this input, and no second backward pass will want it.
[[nodiscard]] inline bool is_last_use(const at::Tensor& x) {
  return x.grad_fn() != nullptr && x.use_count() == 2 && x.storage().use_count() == 1 && x.is_contiguous() &&
         !torch::autograd::get_current_graph_task_keep_graph();
}

}  // namespace graftage::graph::detail

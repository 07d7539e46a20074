#include "graftage/graph/map_sum.hpp"

#include "activation_gradient.hpp"
#include "graftage/core/error.hpp"
#include "map_sum_kernels.hpp"
#include "row_blocks.hpp"
#include "row_kernels.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>
#include <utility>

namespace graftage::graph {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Rows summed by one task.
constexpr std::int64_t kSumRows = 256;
/// Rows scattered into one copy of the tables.
constexpr std::int64_t kScatterRows = 1024;
/// A copy of a table of so many rows stays in the cache.
constexpr std::int64_t kSmallTable = 256;

/// Carries maps through the saved data of an autograd node.
struct MapsHolder final : torch::CustomClassHolder {
  explicit MapsHolder(std::vector<LinearMap> m) : maps(std::move(m)) {}
  std::vector<LinearMap> maps;
};

template <class T>
detail::MapView<T> view(const LinearMap& map, T* table) {
  return {map.row_ptr().data(), map.column().data(), map.weight().empty() ? nullptr : map.weight().data(), table};
}

at::Tensor sum(const variable_list& tables, const std::vector<LinearMap>& maps, const at::Tensor& bias, bool relu) {
  const std::int64_t rows = maps[0].rows();
  const std::int64_t width = tables[0].size(1);
  at::Tensor out = at::empty({rows, width}, tables[0].options().requires_grad(false));
  detail::for_type(out, [&]<class T>(T) {
    std::vector<detail::MapView<const T>> terms;
    for (std::size_t i = 0; i < maps.size(); ++i) terms.push_back(view(maps[i], tables[i].const_data_ptr<T>()));
    T* target = out.mutable_data_ptr<T>();
    const T* shift = bias.defined() ? bias.const_data_ptr<T>() : nullptr;
    detail::for_row_blocks(rows, kSumRows, [&](std::int64_t first, std::int64_t count, std::int64_t) {
      detail::sum_rows<T>(terms, target, width, first, first + count);
      if (relu || shift != nullptr) detail::add_bias_and_activate<T>(target + first * width, shift, relu, count, width);
    });
  });
  return out;
}

/// Gradients of the small tables `which`, one pass over `gradient`. @param result  [terms] where they go
template <class T>
void scatter(const at::Tensor& gradient, const std::vector<LinearMap>& maps, const std::vector<std::size_t>& which,
             variable_list& result) {
  const std::int64_t rows = gradient.size(0);
  const std::int64_t width = gradient.size(1);
  const T* g = gradient.const_data_ptr<T>();
  std::vector<detail::BlockSums<T>> tables;
  for (const std::size_t i : which)
    tables.emplace_back(detail::num_row_blocks(rows, kScatterRows), maps[i].columns() * width);
  detail::for_row_blocks(rows, kScatterRows, [&](std::int64_t first, std::int64_t count, std::int64_t block) {
    std::vector<detail::MapView<T>> terms;
    for (std::size_t k = 0; k < which.size(); ++k) terms.push_back(view(maps[which[k]], tables[k].of(block)));
    detail::scatter_rows<T>(terms, g, width, first, first + count);
  });
  for (std::size_t k = 0; k < which.size(); ++k) {
    result[which[k]] = at::empty({maps[which[k]].columns(), width}, gradient.options());
    tables[k].total(result[which[k]].mutable_data_ptr<T>());
  }
}

/// y = activation(sum_i A_i x_i + b); the derivative of x_i is A_i^T, again a map.
struct SumOfMaps : torch::autograd::Function<SumOfMaps> {
  static at::Tensor forward(AutogradContext* context, at::TensorList x, const std::optional<at::Tensor>& bias,
                            const std::vector<LinearMap>& maps, Activation activation) {
    context->saved_data["maps"] = c10::IValue::make_capsule(c10::make_intrusive<MapsHolder>(maps));
    variable_list tables;
    for (const at::Tensor& table : x) tables.push_back(table.contiguous());
    at::Tensor y = sum(tables, maps, bias ? bias->contiguous() : at::Tensor(), rectifies(activation));
    context->saved_data["bias"] = bias.has_value();
    context->save_for_backward({activation == Activation::Relu ? y : at::Tensor()});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto holder = context->saved_data["maps"].toCapsule();
    const std::vector<LinearMap>& maps = static_cast<const MapsHolder*>(holder.get())->maps;
    const std::size_t inputs = maps.size() + (context->saved_data["bias"].toBool() ? 1 : 0);
    variable_list result(maps.size() + 3);
    if (!gradients[0].defined()) return result;
    const bool wants_bias = inputs > maps.size() && context->needs_input_grad(maps.size());
    const auto [gradient, bias_gradient] =
        detail::activation_gradient(gradients[0], context->get_saved_variables()[0], wants_bias);
    result[maps.size()] = bias_gradient;
    std::vector<std::size_t> small;
    for (std::size_t i = 0; i < maps.size(); ++i) {
      if (!context->needs_input_grad(i)) continue;
      if (!at::GradMode::is_enabled() && scatters_gradient(maps[i]))
        small.push_back(i);
      else
        result[i] = maps[i].transposed().apply(gradient);
    }
    if (!small.empty())
      detail::for_type(gradient, [&]<class T>(T) { scatter<T>(gradient.contiguous(), maps, small, result); });
    return result;
  }
};

}  // namespace

bool scatters_gradient(const LinearMap& map) { return map.columns() <= kSmallTable; }

at::Tensor sum_of_maps(const std::vector<MapTerm>& terms, const at::Tensor& bias, Activation activation) {
  GRAFTAGE_CHECK(!terms.empty());
  std::vector<LinearMap> maps;
  variable_list x;
  for (const MapTerm& term : terms) {
    GRAFTAGE_CHECK(term.x.defined() && term.x.dim() == 2, term.x.defined() ? term.x.dim() : -1);
    GRAFTAGE_CHECK(term.x.is_cpu() && (term.x.scalar_type() == at::kFloat || term.x.scalar_type() == at::kDouble),
                   term.x.scalar_type());
    GRAFTAGE_CHECK(term.x.scalar_type() == terms[0].x.scalar_type(), term.x.scalar_type());
    GRAFTAGE_CHECK(term.x.size(0) == term.map.columns() && term.x.size(1) == terms[0].x.size(1), term.x.size(0),
                   term.map.columns(), term.x.size(1));
    GRAFTAGE_CHECK(term.map.rows() == terms[0].map.rows(), term.map.rows(), terms[0].map.rows());
    maps.push_back(term.map);
    x.push_back(term.x);
  }
  GRAFTAGE_CHECK(!bias.defined() || (bias.dim() == 1 && bias.size(0) == x[0].size(1) && bias.dtype() == x[0].dtype()),
                 "bias of", x[0].size(1));
  const std::optional<at::Tensor> optional_bias =
      bias.defined() ? std::optional(bias) : std::nullopt;  // no autograd edge
  return SumOfMaps::apply(at::TensorList(x), optional_bias, maps, activation);
}

}  // namespace graftage::graph

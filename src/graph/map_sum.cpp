#include "graftage/graph/map_sum.hpp"

#include "graftage/core/error.hpp"
#include "map_sum_kernels.hpp"
#include "row_blocks.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

namespace graftage::graph {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Rows summed by one task.
constexpr std::int64_t kSumRows = 256;
/// Rows scattered into one copy of the tables.
constexpr std::int64_t kScatterRows = 1024;
/// Tables up to this many rows get their gradient by scattering: a copy of them stays in the cache.
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

at::Tensor sum(const variable_list& tables, const std::vector<LinearMap>& maps) {
  const std::int64_t rows = maps[0].rows();
  const std::int64_t width = tables[0].size(1);
  at::Tensor out = at::empty({rows, width}, tables[0].options().requires_grad(false));
  detail::for_type(out, [&]<class T>(T) {
    std::vector<detail::MapView<const T>> terms;
    for (std::size_t i = 0; i < maps.size(); ++i) terms.push_back(view(maps[i], tables[i].const_data_ptr<T>()));
    T* target = out.mutable_data_ptr<T>();
    detail::for_row_blocks(rows, kSumRows, [&](std::int64_t first, std::int64_t count, std::int64_t) {
      detail::sum_rows<T>(terms, target, width, first, first + count);
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

/// y = sum_i A_i x_i; the derivative of x_i is A_i^T, again a map.
struct SumOfMaps : torch::autograd::Function<SumOfMaps> {
  static at::Tensor forward(AutogradContext* context, at::TensorList x, const std::vector<LinearMap>& maps) {
    context->saved_data["maps"] = c10::IValue::make_capsule(c10::make_intrusive<MapsHolder>(maps));
    variable_list tables;
    for (const at::Tensor& table : x) tables.push_back(table.contiguous());
    return sum(tables, maps);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto holder = context->saved_data["maps"].toCapsule();
    const std::vector<LinearMap>& maps = static_cast<const MapsHolder*>(holder.get())->maps;
    variable_list result(maps.size() + 1);
    if (!gradients[0].defined()) return result;
    std::vector<std::size_t> small;
    for (std::size_t i = 0; i < maps.size(); ++i) {
      if (!context->needs_input_grad(i)) continue;
      if (!at::GradMode::is_enabled() && maps[i].columns() <= kSmallTable)
        small.push_back(i);
      else
        result[i] = maps[i].transposed().apply(gradients[0]);
    }
    if (!small.empty())
      detail::for_type(gradients[0], [&]<class T>(T) { scatter<T>(gradients[0].contiguous(), maps, small, result); });
    return result;
  }
};

}  // namespace

at::Tensor sum_of_maps(const std::vector<MapTerm>& terms) {
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
  return SumOfMaps::apply(at::TensorList(x), maps);
}

}  // namespace graftage::graph

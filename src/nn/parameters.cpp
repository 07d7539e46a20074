#include "graftage/nn/parameters.hpp"

#include "graftage/core/error.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace graftage::nn {

namespace {

template <class Entries>
auto find_entry(Entries& entries, std::string_view name) {
  return std::find_if(entries.begin(), entries.end(), [name](const auto& entry) { return entry.name == name; });
}

template <class Change>
Parameters map_tensors(const Parameters& parameters, Change change) {
  Parameters result;
  for (const auto& [name, tensor] : parameters.entries()) result.add(name, change(tensor));
  return result;
}

}  // namespace

void Parameters::add(std::string name, at::Tensor tensor) {
  GRAFTAGE_CHECK(!contains(name), name);
  entries_.push_back({std::move(name), std::move(tensor)});
}

void Parameters::add_all(const Parameters& other, std::string_view prefix) {
  for (const Entry& entry : other.entries()) add(std::string(prefix) + entry.name, entry.tensor);
}

bool Parameters::contains(std::string_view name) const { return find_entry(entries_, name) != entries_.end(); }

const at::Tensor& Parameters::operator[](std::string_view name) const {
  const auto entry = find_entry(entries_, name);
  GRAFTAGE_CHECK(entry != entries_.end(), "no parameter", name);
  return entry->tensor;
}

void Parameters::set(std::string_view name, at::Tensor tensor) {
  const auto entry = find_entry(entries_, name);
  GRAFTAGE_CHECK(entry != entries_.end(), "no parameter", name);
  entry->tensor = std::move(tensor);
}

std::int64_t Parameters::num_values() const {
  std::int64_t count = 0;
  for (const Entry& entry : entries_) count += entry.tensor.numel();
  return count;
}

Parameters Parameters::with_prefix(std::string_view prefix) const {
  Parameters result;
  for (const Entry& entry : entries_)
    if (entry.name.starts_with(prefix)) result.add(entry.name.substr(prefix.size()), entry.tensor);
  return result;
}

std::vector<at::Tensor> Parameters::tensors() const {
  std::vector<at::Tensor> result;
  result.reserve(entries_.size());
  for (const Entry& entry : entries_) result.push_back(entry.tensor);
  return result;
}

FlatParameters flatten(const Parameters& parameters) {
  const at::NoGradGuard no_grad;
  FlatParameters flat;
  if (parameters.empty()) {
    flat.values = at::zeros({0});
    return flat;
  }
  const at::ScalarType type = parameters.entries().front().tensor.scalar_type();
  std::vector<at::Tensor> pieces;
  for (const auto& [name, tensor] : parameters.entries()) {
    GRAFTAGE_CHECK(tensor.scalar_type() == type, name, tensor.scalar_type(), type);
    pieces.push_back(tensor.detach().reshape({-1}));
  }
  flat.values = at::cat(pieces);
  std::int64_t offset = 0;
  for (const auto& [name, tensor] : parameters.entries()) {
    // detach() makes the view a leaf of its own that still shares storage and version counter with `values`.
    at::Tensor leaf = flat.values.narrow(0, offset, tensor.numel()).view(tensor.sizes()).detach();
    flat.parameters.add(name, leaf.requires_grad_());
    offset += tensor.numel();
  }
  return flat;
}

at::Tensor concatenate(const std::vector<at::Tensor>& tensors, const Parameters& shapes) {
  GRAFTAGE_CHECK(tensors.size() == shapes.entries().size(), tensors.size(), shapes.entries().size());
  if (tensors.empty()) return at::zeros({0});
  std::vector<at::Tensor> pieces;
  pieces.reserve(tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, shape] = shapes.entries()[i];
    GRAFTAGE_CHECK(!tensors[i].defined() || tensors[i].sizes() == shape.sizes(), name);
    pieces.push_back(tensors[i].defined() ? tensors[i].reshape({-1})
                                          : at::zeros({shape.numel()}, shape.options().requires_grad(false)));
  }
  return at::cat(pieces);
}

Parameters clone(const Parameters& parameters) {
  return map_tensors(parameters, [](const at::Tensor& t) { return t.detach().clone(); });
}

Parameters to_double(const Parameters& parameters) {
  return map_tensors(parameters, [](const at::Tensor& t) {
    return t.is_floating_point() ? t.detach().to(at::kDouble, false, true) : t.detach().clone();
  });
}

Parameters detach(const Parameters& parameters) {
  return map_tensors(parameters, [](const at::Tensor& t) { return t.detach(); });
}

}  // namespace graftage::nn

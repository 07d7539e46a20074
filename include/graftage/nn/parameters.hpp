#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace graftage::nn {

/// Ordered list of named tensors: the parameters (or buffers) of a model, as data.
///
/// Names are those of the published state_dict files ("gnns.0.mlp.0.weight"). Layers are functions of a Parameters, so
/// adapted weights, frozen parts, checkpoints and the flat gradient buffer all come from this one type.
class Parameters {
 public:
  struct Entry {
    std::string name;
    at::Tensor tensor;
  };

  /// @pre name is not taken
  void add(std::string name, at::Tensor tensor);
  /// All entries of another list, names prefixed.
  void add_all(const Parameters& other, std::string_view prefix = "");
  [[nodiscard]] bool contains(std::string_view name) const;
  /// @pre contains(name)
  [[nodiscard]] const at::Tensor& operator[](std::string_view name) const;
  void set(std::string_view name, at::Tensor tensor);
  [[nodiscard]] const std::vector<Entry>& entries() const& { return entries_; }
  [[nodiscard]] std::vector<Entry> entries() && { return std::move(entries_); }  ///< a loop over a temporary is safe
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::int64_t num_values() const;
  /// Entries whose name starts with the prefix, the prefix removed; tensors are shared.
  [[nodiscard]] Parameters with_prefix(std::string_view prefix) const;
  [[nodiscard]] std::vector<at::Tensor> tensors() const;

 private:
  std::vector<Entry> entries_;
};

/// Parameters packed in one contiguous buffer: `parameters` are leaf views of `values`, so an optimiser step, a
/// reduction or a checkpoint is one operation on one tensor.
struct FlatParameters {
  at::Tensor values;      ///< [P]
  Parameters parameters;  ///< leaves (requires_grad), views of `values` in order
};
/// Copies the tensors into a fresh flat buffer of their common dtype.
[[nodiscard]] FlatParameters flatten(const Parameters& parameters);
/// Concatenation of same-shaped tensors (gradients) in order; an undefined tensor counts as zeros. @return [P]
[[nodiscard]] at::Tensor concatenate(const std::vector<at::Tensor>& tensors, const Parameters& shapes);
/// Deep copies without gradients.
[[nodiscard]] Parameters clone(const Parameters& parameters);
/// Copies converted to a dtype (for float64 oracles).
[[nodiscard]] Parameters to_double(const Parameters& parameters);
/// Same tensors, cut from any graph, that do not require gradients.
[[nodiscard]] Parameters detach(const Parameters& parameters);

}  // namespace graftage::nn

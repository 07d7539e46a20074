#pragma once

#include <ATen/core/Tensor.h>

namespace graftage::graph {

/// Identity whose derivative can be switched off for single backward passes.
///
/// While the gate is closed a backward pass treats passed tensors as constants; while it is open it differentiates
/// through them. A gradient that is itself part of a graph (create_graph) keeps its dependence on the *value*, so a
/// second pass with the gate open still reaches it. L2P-GNN needs this: batch statistics are constants in the inner
/// gradient and functions of the weights in the outer one (methods 3.5a), with one forward pass for both.
class GradientGate {
 public:
  GradientGate();
  /// The same values; part of the graph of `x`.
  [[nodiscard]] at::Tensor pass(const at::Tensor& x) const;
  void close();
  void open();

  /// Closes a gate for a scope.
  class Closed {
   public:
    explicit Closed(GradientGate& gate) : gate_(gate) { gate_.close(); }
    ~Closed() { gate_.open(); }
    Closed(const Closed&) = delete;
    Closed& operator=(const Closed&) = delete;

   private:
    GradientGate& gate_;
  };

 private:
  at::Tensor closed_;  ///< [] bool, shared with the backward nodes
};

}  // namespace graftage::graph

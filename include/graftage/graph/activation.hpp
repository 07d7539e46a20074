#pragma once

namespace graftage::graph {

/// What follows an affine operation. ReluOfNext is max(x, 0) too, but leaves its derivative to the linear layer that
/// the rows are for (LinearInput::Rectified): it has them at hand when it writes their gradient.
enum class Activation { None, Relu, ReluOfNext };

[[nodiscard]] constexpr bool rectifies(Activation activation) { return activation != Activation::None; }

}  // namespace graftage::graph

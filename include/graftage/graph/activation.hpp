#pragma once

namespace graftage::graph {

/// What follows an affine operation.
enum class Activation { None, Relu };

}  // namespace graftage::graph

#pragma once

#include "graftage/h5/file.hpp"
#include "graftage/nn/parameters.hpp"

#include <ATen/core/Tensor.h>

#include <string>

namespace graftage::train {

/// Writes a float32, float64 or int64 tensor with its shape; uncompressed, as weights do not compress.
void write_tensor(h5::File& file, const std::string& dataset, const at::Tensor& tensor);
[[nodiscard]] at::Tensor read_tensor(const h5::File& file, const std::string& dataset);

/// Each entry as "/<group>/<name>", their order as text in "/order/<group>".
void write_parameters(h5::File& file, const std::string& group, const nn::Parameters& parameters);
[[nodiscard]] nn::Parameters read_parameters(const h5::File& file, const std::string& group);

}  // namespace graftage::train

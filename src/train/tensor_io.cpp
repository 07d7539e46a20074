#include "train/tensor_io.hpp"

#include "graftage/core/error.hpp"

#include <ATen/ATen.h>

#include <span>

namespace graftage::train {

namespace {

template <class T>
void write_typed(h5::File& file, const std::string& dataset, const at::Tensor& tensor) {
  std::vector<std::uint64_t> shape(tensor.sizes().begin(), tensor.sizes().end());
  const auto count = static_cast<std::size_t>(tensor.numel());
  file.write<T>(dataset, std::span<const T>(tensor.const_data_ptr<T>(), count), shape, h5::element_type_of<T>(),
                {.deflate = 0, .checksum = false});
}

template <class T>
at::Tensor read_typed(const h5::File& file, const h5::DatasetInfo& info, at::ScalarType type) {
  const std::vector<T> values = file.read<T>(info.path);
  const std::vector<std::int64_t> shape(info.shape.begin(), info.shape.end());
  at::Tensor tensor = at::empty(shape, type);
  GRAFTAGE_CHECK(tensor.numel() == static_cast<std::int64_t>(values.size()), info.path, values.size());
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<T>());
  return tensor;
}

}  // namespace

void write_tensor(h5::File& file, const std::string& dataset, const at::Tensor& tensor) {
  const at::Tensor dense = tensor.detach().contiguous();
  switch (dense.scalar_type()) {
    case at::kFloat:
      return write_typed<float>(file, dataset, dense);
    case at::kDouble:
      return write_typed<double>(file, dataset, dense);
    case at::kLong:
      return write_typed<std::int64_t>(file, dataset, dense);
    default:
      GRAFTAGE_CHECK(false, "element type of", dataset, dense.scalar_type());
  }
}

at::Tensor read_tensor(const h5::File& file, const std::string& dataset) {
  const h5::DatasetInfo info = file.info(dataset);
  if (info.type == "float32") return read_typed<float>(file, info, at::kFloat);
  if (info.type == "float64") return read_typed<double>(file, info, at::kDouble);
  if (info.type == "int64") return read_typed<std::int64_t>(file, info, at::kLong);
  throw core::DataError(file.path().string(), dataset, "element type " + info.type + " is not one of a tensor of ours");
}

void write_parameters(h5::File& file, const std::string& group, const nn::Parameters& parameters) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : parameters.entries()) {
    names.push_back(name);
    write_tensor(file, "/" + group + "/" + name, tensor);
  }
  file.write_text("/order/" + group, names);
}

nn::Parameters read_parameters(const h5::File& file, const std::string& group) {
  nn::Parameters parameters;
  for (const std::string& name : file.read_text("/order/" + group)) {
    if (parameters.contains(name))
      throw core::DataError(file.path().string(), "/order/" + group, name + " occurs twice");
    parameters.add(name, read_tensor(file, "/" + group + "/" + name));
  }
  return parameters;
}

}  // namespace graftage::train

#include "graftage/config/load.hpp"
#include "graftage/core/error.hpp"
#include "graftage/h5/artifact.hpp"
#include "graftage/train/checkpoint.hpp"
#include "train/tensor_io.hpp"

#include <ATen/core/Tensor.h>

namespace graftage::train {

namespace {

constexpr const char* kFormat = "graftage-encoder";

/// The stored names and shapes must be those of the stored architecture.
void check_shapes(const std::filesystem::path& path, const nn::Parameters& found, const nn::Parameters& expected) {
  for (const auto& [name, tensor] : expected.entries()) {
    if (!found.contains(name)) throw core::DataError(path.string(), name, "missing for the architecture of this file");
    if (found[name].sizes() != tensor.sizes())
      throw core::DataError(path.string(), name, "its shape does not fit the architecture of this file");
  }
  if (found.entries().size() != expected.entries().size())
    throw core::DataError(path.string(), "", "holds tensors that its architecture does not have");
}

}  // namespace

void write_encoder(const std::filesystem::path& path, const EncoderFile& file) {
  h5::commit_artifact(path, kFormat, h5::kFormatVersion, file.provenance_json, [&](h5::File& out) {
    out.set_attribute("/", "name", file.name);
    out.set_attribute("/", "architecture", config::dump(file.config).to_json());
    out.set_attribute("/", "feature_schema", file.schema.to_json());
    write_parameters(out, "parameters", file.parameters);
    write_parameters(out, "buffers", file.buffers);
  });
}

EncoderFile read_encoder(const std::filesystem::path& path) {
  const h5::File in = h5::open_verified(path, kFormat);
  const h5::ArtifactHeader header = h5::read_header(in);
  EncoderFile file;
  file.name = in.attribute_text("/", "name");
  file.provenance_json = header.provenance_json;
  file.content_sha256 = header.content_sha256;
  try {
    file.config = config::read<nn::EncoderConfig>(config::from_json(in.attribute_text("/", "architecture")));
  } catch (const core::ConfigError& error) {
    throw core::DataError(path.string(), "architecture", std::string(error.what()) + "; a newer graftage may read it");
  }
  file.schema = graph::FeatureSchema::from_json(in.attribute_text("/", "feature_schema"));
  file.parameters = read_parameters(in, "parameters");
  file.buffers = read_parameters(in, "buffers");
  const nn::Encoder encoder(file.config, file.schema);
  check_shapes(path, file.parameters, encoder.initialize(core::SeedSequence(0)));
  check_shapes(path, file.buffers, encoder.initial_buffers());
  return file;
}

}  // namespace graftage::train

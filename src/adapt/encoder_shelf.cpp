#include "adapt/encoder_shelf.hpp"

#include "graftage/core/digest.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace graftage::adapt {

namespace {

constexpr const char* kRandom = "random";
constexpr const char* kEncoderFileName = "encoder.h5";

/// Pretraining seed as recorded, or empty.
std::string recorded_seed(const std::string& provenance_json) {
  const auto provenance = nlohmann::json::parse(provenance_json, nullptr, /*allow_exceptions=*/false);
  if (!provenance.is_object() || !provenance.contains("seed")) return "";
  const auto& seed = provenance["seed"];
  return seed.is_string() ? seed.get<std::string>() : seed.dump();
}

std::string describe(const graph::FeatureSchema& schema) {
  const auto columns = [](const std::vector<graph::FeatureColumn>& list) {
    std::vector<std::string> parts;
    for (const auto& column : list) parts.push_back(column.name + ":" + std::to_string(column.cardinality));
    return core::join(parts, " ");
  };
  return "'" + schema.name + "' (nodes " + columns(schema.node) + "; edges " + columns(schema.edge) + ")";
}

}  // namespace

EncoderIdentity EncoderShelf::identify(const EncoderSource& source, const data::Corpus& corpus) {
  if (source.source == kRandom) return {kRandom, "", "", source.architecture};
  const train::EncoderFile& found = fitting_file(source, corpus);
  return {found.name, found.content_sha256, recorded_seed(found.provenance_json), found.config};
}

std::shared_ptr<const TrialEncoder> EncoderShelf::get(const EncoderSource& source, const data::Corpus& corpus,
                                                      const core::SeedSequence& seed) {
  if (source.source != kRandom) {
    const train::EncoderFile& found = fitting_file(source, corpus);
    const std::string key = "pretrained " + found.content_sha256;
    return recent_.get(key, [&] {
      return TrialEncoder{nn::Encoder(found.config, found.schema), found.parameters, found.buffers, key};
    });
  }
  const core::SeedSequence weights = seed.child("encoder");
  const std::string shape = config::dump(source.architecture).to_json() + corpus.schema().to_json();
  const std::string key = "random " + std::to_string(weights.value()) + " " + core::sha256_hex(shape);
  return recent_.get(key, [&] {
    nn::Encoder encoder(source.architecture, corpus.schema());
    nn::Parameters parameters = encoder.initialize(weights);
    nn::Parameters buffers = encoder.initial_buffers();
    return TrialEncoder{std::move(encoder), std::move(parameters), std::move(buffers), key};
  });
}

const train::EncoderFile& EncoderShelf::file(const std::string& source) {
  std::filesystem::path path(source);
  if (!std::filesystem::exists(path))
    throw core::MissingInput(source, "encoder.source is 'random', a pretraining run directory or an encoder.h5");
  if (std::filesystem::is_directory(path)) {
    path /= kEncoderFileName;
    if (!std::filesystem::exists(path))
      throw core::MissingInput(path.string(), "the pretraining run is not finished: run graftage pretrain again");
  }
  path = std::filesystem::canonical(path);
  const auto found = files_.find(path.string());
  if (found != files_.end()) return found->second;
  return files_.emplace(path.string(), train::read_encoder(path)).first->second;
}

const train::EncoderFile& EncoderShelf::fitting_file(const EncoderSource& source, const data::Corpus& corpus) {
  const train::EncoderFile& found = file(source.source);
  if (found.schema != corpus.schema())
    throw core::DataError(source.source, "feature schema",
                          "the encoder was pretrained on " + describe(found.schema) + ", but task '" + corpus.name() +
                              "' has " + describe(corpus.schema()) + "; import the task with the encoder's featurizer");
  if (source.architecture != nn::EncoderConfig{} && source.architecture != found.config)
    throw core::ConfigError("", "encoder.architecture is " + config::dump(source.architecture).to_json() + ", but " +
                                    source.source + " holds " + config::dump(found.config).to_json() +
                                    "; leave encoder.architecture out to take the file's");
  return found;
}

}  // namespace graftage::adapt

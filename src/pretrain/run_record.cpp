#include "pretrain/run_record.hpp"

#include "graftage/core/build_info.hpp"
#include "graftage/core/digest.hpp"
#include "graftage/train/numerics.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace graftage::pretrain {

namespace {

using Json = nlohmann::ordered_json;

void remove_key(config::Node& mapping, const std::string& key) {
  std::erase_if(mapping.entries, [&](const auto& entry) { return entry.first == key; });
}

/// Resolved configuration without the fields that change no bit of the result.
Json identity_configuration(const PretrainConfig& config) {
  config::Node node = config::dump(config);
  for (const char* key : {"name", "output", "corpus"}) remove_key(node, key);
  for (const char* key : {"checkpoint_seconds", "cache_mebibytes"}) remove_key(node.entry("train"), key);
  return Json::parse(node.to_json());
}

config::Node text(const std::string& value) { return config::Node::from_scalar(value, {}, /*quoted=*/true); }
config::Node number(std::int64_t value) { return config::Node::from_scalar(std::to_string(value)); }

}  // namespace

RunIdentity identity_of(const PretrainConfig& config, const data::Corpus& corpus) {
  const Json identity = {{"configuration", identity_configuration(config)},
                         {"corpus_sha256", corpus.content_sha256()},
                         {"reproducibility_class", train::reproducibility_class(config.train.precision)}};
  const std::string json = identity.dump();
  return {json, core::sha256_hex(json)};
}

std::string provenance_of(const PretrainConfig& config, const data::Corpus& corpus, const RunIdentity& identity,
                          std::int64_t steps) {
  const core::BuildInfo& build = core::build_info();
  Json provenance = {{"stage", "pretrain"}, {"name", config.name}, {"seed", config.seed}, {"steps", steps}};
  provenance["corpus"] = {{"name", corpus.name()}, {"content_sha256", corpus.content_sha256()}};
  provenance["identity"] = identity.digest;
  provenance.update(Json::parse(identity.json));
  provenance["graftage"] = {{"version", build.version}, {"git_revision", build.git_revision}};
  return provenance.dump();
}

std::string identity_in(const std::string& provenance_json) {
  const auto provenance = Json::parse(provenance_json, nullptr, /*allow_exceptions=*/false);
  return provenance.is_object() ? provenance.value("identity", std::string()) : std::string();
}

std::string manifest_of(const PretrainConfig& config, const data::Corpus& corpus, const RunIdentity& identity,
                        int num_ranks) {
  const core::BuildInfo& build = core::build_info();
  config::Node manifest;
  manifest.kind = config::Node::Kind::Mapping;
  manifest.entry("stage") = text("pretrain");
  manifest.entry("configuration") = config::dump(config);
  manifest.entry("identity") = text(identity.digest);
  manifest.entry("root_seed") = number(config.seed);
  config::Node& source = manifest.entry("corpus");
  source.kind = config::Node::Kind::Mapping;
  source.entry("name") = text(corpus.name());
  source.entry("directory") = text(corpus.directory().string());
  source.entry("graphs") = number(corpus.num_graphs());
  source.entry("content_sha256") = text(corpus.content_sha256());
  manifest.entry("ranks") = number(num_ranks);
  config::Node& program = manifest.entry("program");
  program.kind = config::Node::Kind::Mapping;
  program.entry("version") = text(build.version);
  program.entry("git_revision") = text(build.git_revision);
  program.entry("compiler") = text(build.compiler + " " + build.compile_flags);
  for (const auto& [name, version] : build.libraries) program.entry(name) = text(version);
  manifest.entry("reproducibility_class") = text(train::reproducibility_class(config.train.precision));
  return manifest.to_yaml();
}

}  // namespace graftage::pretrain

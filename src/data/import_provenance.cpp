#include "data/import_provenance.hpp"

#include "data/importers/molecule_reader.hpp"
#include "data/importers/record_source.hpp"
#include "graftage/config/fields.hpp"
#include "graftage/core/digest.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "graftage/data/corpus.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace graftage::data {
namespace {

using Json = nlohmann::ordered_json;

std::filesystem::path last_part(const std::filesystem::path& path) {
  return path.has_filename() ? path.filename() : path.parent_path().filename();
}

/// The part of the configuration that shapes the content.
Json content_config(ImportConfig config) {
  config.output.clear();
  config.expect = {};
  config.exclude.clear();
  for (auto& source : config.sources) source.file = last_part(source.file);
  if (config.labels.join_file.has_value()) config.labels.join_file = last_part(*config.labels.join_file);
  Json json = Json::parse(config::dump(config).to_json());
  for (const char* key : {"output", "expect", "exclude", "replace"}) json.erase(key);
  return json;
}

Json digests(const std::vector<std::filesystem::path>& files) {
  Json list = Json::array();
  for (const auto& file : files)
    list.push_back({{"file", file.filename().string()}, {"sha256", core::sha256_file(file)}});
  return list;
}

}  // namespace

std::string import_provenance(const ImportConfig& config) {
  std::vector<std::filesystem::path> files;
  for (std::size_t s = 0; s < config.sources.size(); ++s)
    for (const auto& file : source_files(config, s)) files.push_back(file);
  if (config.labels.join_file.has_value()) files.push_back(resolve_input_path(*config.labels.join_file));
  Json excluded = Json::array();
  for (const auto& directory : config.exclude) {
    const auto corpus = Corpus::open(directory);
    excluded.push_back({{"name", corpus->name()}, {"content_sha256", corpus->content_sha256()}});
  }
  return Json{{"config", content_config(config)},
              {"inputs", digests(files)},
              {"exclude", excluded},
              {"rdkit", MoleculeReader::library_version()}}
      .dump();
}

namespace {

/// Counts that cannot come out together, whatever the input.
void check_expected_counts(const ImportConfig& config) {
  const auto& expect = config.expect;
  const auto at_most = [](const char* name, std::optional<std::int64_t> count, const char* bound_name,
                          std::optional<std::int64_t> bound) {
    if (count && bound && *count > *bound)
      throw core::ConfigError("", std::string("expect.") + name + ": " + core::group_thousands(*count) +
                                      " is more than expect." + bound_name + ", " + core::group_thousands(*bound));
  };
  at_most("unparsable", expect.unparsable, "rows", expect.rows);
  at_most("unique", expect.unique, "rows", expect.rows);
  at_most("graphs", expect.graphs, "rows", expect.rows);
  at_most("removed", expect.removed, "rows", expect.rows);
  at_most("positives", expect.positives, "graphs", expect.graphs);
  if (config.duplicates == Duplicates::Merge) at_most("graphs", expect.graphs, "unique", expect.unique);
  if (config.exclude.empty() && expect.removed.value_or(0) > 0)
    throw core::ConfigError("", "expect.removed: nothing is removed without exclude; name the corpora to leave out");
  const auto& labels = config.labels;
  const bool has_labels = !labels.columns.empty() || labels.join_file || labels.computed ||
                          std::any_of(config.sources.begin(), config.sources.end(), is_ogb);
  if (!has_labels && expect.positives.value_or(0) > 0)
    throw core::ConfigError("", "expect.positives: this corpus has no labels; say which in labels");
}

}  // namespace

void check_import_config(const ImportConfig& config) {
  if (config.sources.empty()) throw core::ConfigError("", "sources: at least one input table is needed");
  const std::vector<std::string> splits = {"scaffold", "random", "ogb"};
  for (const auto& name : config.splits)
    if (std::find(splits.begin(), splits.end(), name) == splits.end())
      throw core::ConfigError("", "splits: unknown split '" + core::printable(name) + "'" +
                                      core::did_you_mean(name, splits) + "; known: " + core::join(splits, ", "));
  const std::vector<std::string> scaffolds = {"auto", "canonical", "raw"};
  if (std::find(scaffolds.begin(), scaffolds.end(), config.scaffold_from) == scaffolds.end())
    throw core::ConfigError("", "scaffold_from: unknown choice '" + core::printable(config.scaffold_from) + "'" +
                                    core::did_you_mean(config.scaffold_from, scaffolds) +
                                    "; known: auto, canonical, raw");
  const bool has_ogb_split = std::find(config.splits.begin(), config.splits.end(), "ogb") != config.splits.end();
  if (has_ogb_split && (config.sources.size() != 1 || !is_ogb(config.sources[0])))
    throw core::ConfigError("", "splits: 'ogb' is the stored split of a single source of format ogb");
  if (config.train_fraction + config.valid_fraction > 1.0)
    throw core::ConfigError("", "train_fraction + valid_fraction is " +
                                    core::format_double(config.train_fraction + config.valid_fraction) +
                                    ", more than 1");
  const auto& labels = config.labels;
  const std::vector<std::string> kinds = {"auto", "binary", "real"};
  if (std::find(kinds.begin(), kinds.end(), labels.kind) == kinds.end())
    throw core::ConfigError("", "labels.kind: unknown kind '" + core::printable(labels.kind) + "'" +
                                    core::did_you_mean(labels.kind, kinds) + "; known: auto, binary, real");
  if (labels.kind == "real" && (labels.active_at_least.has_value() || labels.computed.has_value()))
    throw core::ConfigError("", "labels.kind: labels from a threshold or an alert are binary, not real");
  for (std::size_t s = 0; s < config.sources.size(); ++s) {
    const auto& source = config.sources[s];
    if (source.first_row.value_or(1) > source.last_row.value_or(source.first_row.value_or(1)))
      throw core::ConfigError("", "sources[" + std::to_string(s) + "]: first_row lies after last_row");
  }
  check_expected_counts(config);
}

void check_expectations(const ImportConfig& config, const ImportSummary& summary) {
  const auto check = [&config](const char* name, const std::optional<std::int64_t>& expected, std::int64_t found) {
    if (expected.has_value() && *expected != found)
      throw core::DataError(config.sources.front().file.string(), std::string("expect.") + name,
                            "expected " + core::group_thousands(*expected) + ", found " + core::group_thousands(found) +
                                "; check the input files and the RDKit version, or correct the expectation");
  };
  check("rows", config.expect.rows, summary.rows);
  check("unparsable", config.expect.unparsable, summary.unparsable);
  check("unique", config.expect.unique, summary.unique);
  check("removed", config.expect.removed, summary.removed);
  check("graphs", config.expect.graphs, summary.graphs);
  check("positives", config.expect.positives, summary.positives);
}

}  // namespace graftage::data

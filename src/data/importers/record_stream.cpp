#include "data/importers/record_source.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"

#include <algorithm>

namespace graftage::data {

bool is_ogb(const SourceConfig& source) { return source.format == "ogb"; }

bool wants_scaffolds(const ImportConfig& config) {
  return std::find(config.splits.begin(), config.splits.end(), "scaffold") != config.splits.end();
}

std::unique_ptr<RecordSource> open_source(const ImportConfig& config, std::size_t index) {
  const SourceConfig& source = config.sources.at(index);
  if (is_ogb(source)) return open_ogb_source(config, index);
  if (source.format != "auto" && source.format != "csv" && source.format != "smi")
    throw core::ConfigError(
        "", "sources[" + std::to_string(index) + "].format: unknown format '" + core::printable(source.format) + "'" +
                core::did_you_mean(source.format, {"auto", "csv", "smi", "ogb"}) + "; known: auto, csv, smi, ogb");
  return open_smiles_source(config, index);
}

RecordStream::RecordStream(const ImportConfig& config) : config_(config) { open_next(); }

RecordStream::~RecordStream() = default;

bool RecordStream::open_next() {
  if (opened_ >= config_.sources.size()) return false;
  source_ = open_source(config_, opened_);
  const std::string place = "sources[" + std::to_string(opened_) + "]: ";
  if (opened_ == 0) {
    schema_ = source_->schema();
    label_names_ = source_->label_names();
  } else {
    if (source_->schema() != schema_)
      throw core::ConfigError("", place + "has features '" + source_->schema().name + "', but sources[0] has '" +
                                      schema_.name + "'; import them into separate corpora");
    if (source_->label_names() != label_names_)
      throw core::ConfigError("", place + "has labels " + core::join(source_->label_names(), ", ") +
                                      ", but sources[0] has " + core::join(label_names_, ", "));
  }
  ++opened_;
  return true;
}

bool RecordStream::skip_to(std::int64_t row) {
  GRAFTAGE_CHECK(row >= position_, row, position_);
  while (position_ < row) {
    if (source_->skip())
      ++position_;
    else if (!open_next())
      return false;
  }
  return true;
}

bool RecordStream::next(Record& record) {
  for (;;) {
    if (source_->next(record)) {
      ++position_;
      return true;
    }
    if (!open_next()) return false;
  }
}

std::string RecordStream::file_name() const { return source_->file_name(); }

}  // namespace graftage::data

#include "app/command.hpp"
#include "graftage/core/text.hpp"
#include "graftage/data/importer.hpp"

#include <iostream>

namespace graftage::app {

namespace {

void print_summary(const data::ImportConfig& config, const data::ImportSummary& summary) {
  const auto count = [](std::int64_t value) { return core::group_thousands(value); };
  std::cout << config.name << ": " << count(summary.graphs) << " graphs from " << count(summary.rows) << " rows";
  if (summary.unparsable > 0)
    std::cout << ", " << count(summary.unparsable) << " unparsable (listed in index.h5 /rejected)";
  if (summary.duplicates > 0) std::cout << ", " << count(summary.duplicates) << " duplicates merged";
  if (summary.removed > 0)
    std::cout << ", " << count(summary.removed) << " removed because an excluded corpus has them";
  if (summary.binary_labels == 1) std::cout << ", " << count(summary.positives) << " positive";
  if (summary.binary_labels > 1) std::cout << ", " << count(summary.binary_labels) << " binary labels";
  std::cout << "; " << core::format_duration(summary.seconds) << "\n  " << config.output.string() << "  sha256 "
            << summary.content_sha256.substr(0, 16) << std::endl;
}

}  // namespace

int run_import(const Invocation& invocation) {
  if (invocation.dry_run) {
    std::cout << config::dump(data::read_import_config(load_document(invocation))).to_yaml();
    return 0;
  }
  return with_ranks([&](const mpi::Communicator& world) {
    data::ImportConfig config;
    parse_on_all_ranks(invocation, world,
                       [&](const config::Node& document) { config = data::read_import_config(document); });
    const auto summary = data::run_import(config, world);
    if (world.is_root()) print_summary(config, summary);
    return 0;
  });
}

}  // namespace graftage::app

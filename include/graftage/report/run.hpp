#pragma once

#include <filesystem>
#include <string>

namespace graftage::report {

/// Aggregates a sweep's run directory and writes report.h5, report.csv, differences.csv and report.md into it.
/// A partial sweep is reported, too, with what is missing.
/// @return the tables for a terminal
/// @throws MissingInput (no plan.json), Error 65 (a damaged result)
[[nodiscard]] std::string run_report(const std::filesystem::path& run_directory);

}  // namespace graftage::report

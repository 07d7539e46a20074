#include "graftage/h5/artifact.hpp"
#include "report/columns.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace graftage::report {

namespace {

constexpr const char* kFormat = "graftage-report";
constexpr const char* kVersion = "1.0.0";

/// [member, epoch] of one curve, NaN where a member has none or ended early.
void write_metric(h5::File& file, const Report& report, const std::string& name) {
  std::size_t epochs = 0;
  for (const auto& member : report.members)
    if (const auto curve = member.curves.find(name); curve != member.curves.end())
      epochs = std::max(epochs, curve->second.size());
  std::vector<double> values(report.members.size() * epochs, kNotANumber);
  for (std::size_t m = 0; m < report.members.size(); ++m)
    if (const auto curve = report.members[m].curves.find(name); curve != report.members[m].curves.end())
      std::copy(curve->second.begin(), curve->second.end(), values.begin() + static_cast<std::ptrdiff_t>(m * epochs));
  const std::string path = "/metrics/" + name;
  file.write<double>(path, values, {report.members.size(), epochs});
  file.set_attribute(path, "description", std::string("rows as in /members, columns are epochs; NaN = absent"));
}

/// [member] of one scalar ("num_head_parameters").
void write_value(h5::File& file, const Report& report, const std::string& name) {
  std::vector<double> values;
  for (const auto& member : report.members) {
    const auto value = member.values.find(name);
    values.push_back(value == member.values.end() ? kNotANumber : value->second);
  }
  file.write<double>("/values/" + name, values, {values.size()});
}

void write_differences(h5::File& file, const Report& report) {
  file.write_table("/stats/against_random", difference_columns(report, Baseline::Random));
  file.write_table("/stats/against_scratch", difference_columns(report, Baseline::Scratch));
  file.set_attribute("/stats", "description",
                     std::string("test values of a cell minus those of its baseline, paired by run seed; 95 % t "
                                 "interval; paired t test (Holm over the rows) and exact Wilcoxon signed rank"));
  file.set_attribute("/stats", "minimum_pairs", kMinimumPairs);
}

}  // namespace

void write_report(const Report& report, const std::filesystem::path& path) {
  const auto provenance = nlohmann::ordered_json::parse(report.provenance_json);
  std::set<std::string> curves, values;
  for (const auto& member : report.members) {
    for (const auto& curve : member.curves) curves.insert(curve.first);
    for (const auto& value : member.values) values.insert(value.first);
  }
  h5::commit_artifact(path, kFormat, kVersion, report.provenance_json, [&](h5::File& file) {
    file.set_attribute("/", "title", report.title);
    file.set_attribute("/", "metric", report.metric);
    file.set_attribute("/", "goal", std::string(report.goal == Goal::Maximize ? "maximize" : "minimize"));
    file.write_table("/members", member_columns(report));
    for (const auto& name : curves) write_metric(file, report, name);
    for (const auto& name : values) write_value(file, report, name);
    file.write_table("/final", final_columns(report));
    file.write_table("/replicates", replicate_columns(report));
    write_differences(file, report);
    for (const auto& [name, part] : provenance.items()) file.write_text("/provenance/" + name, {part.dump()});
    file.write_text("/notes", report.notes);
  });
}

}  // namespace graftage::report

#include "sweep/trial_file.hpp"

#include "graftage/config/load.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "graftage/h5/artifact.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>

namespace graftage::sweep {

namespace {

constexpr const char* kFormat = "graftage-trial";
constexpr const char* kVersion = "1.0.0";
constexpr h5::Layout kSmall{.deflate = 0, .checksum = false};
const std::string kCurves = "/curves/";

/// Resolved configuration and digests of the inputs.
std::string provenance(const TrialResult& result) {
  nlohmann::ordered_json inputs = nlohmann::ordered_json::object();
  for (const auto& [name, text] : result.facts)
    if (name.ends_with("_sha256")) inputs[name] = text;
  return "{\"config\":" + result.trial.config.to_json() + ",\"inputs\":" + inputs.dump() + "}";
}

void write_values(h5::File& file, const TrialResult& result) {
  h5::Column names{.name = "name", .kind = h5::ColumnKind::Text};
  h5::Column values{.name = "value", .kind = h5::ColumnKind::Number};
  for (const auto& [name, value] : result.values) {
    if (is_timing(name)) continue;
    names.text.push_back(name);
    values.numbers.push_back(value);
  }
  file.write_table("/values", {names, values});
}

void write_facts(h5::File& file, const TrialResult& result) {
  h5::Column names{.name = "name", .kind = h5::ColumnKind::Text};
  h5::Column texts{.name = "text", .kind = h5::ColumnKind::Text};
  for (const auto& [name, text] : result.facts) {
    names.text.push_back(name);
    texts.text.push_back(text);
  }
  file.write_table("/facts", {names, texts});
}

TrialStatus parse_status(const h5::File& file) {
  const std::string name = file.attribute_text("/", "status");
  for (const auto status : {TrialStatus::Done, TrialStatus::Failed})
    if (name == status_name(status)) return status;
  throw core::DataError(file.path().string(), "/@status", "is '" + core::printable(name) + "', not done or failed");
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

std::map<std::string, double> without_timings(std::map<std::string, double> values) {
  std::erase_if(values, [](const auto& value) { return is_timing(value.first); });
  return values;
}

}  // namespace

core::Publish prepare_trial_file(const std::filesystem::path& path, const TrialResult& result) {
  return h5::prepare_artifact(path, kFormat, kVersion, provenance(result), [&](h5::File& file) {
    file.set_attribute("/", "trial_id", result.trial.id);
    file.set_attribute("/", "seed", result.trial.seed);
    file.set_attribute("/", "status", status_name(result.status));
    file.set_attribute("/", "exit_code", static_cast<std::int64_t>(result.exit_code));
    file.set_attribute("/", "reason", result.reason);
    file.write_text("/config", {result.trial.config.to_json()});
    write_values(file, result);
    write_facts(file, result);
    for (const auto& [name, curve] : result.curves)
      if (!curve.empty()) file.write<double>(kCurves + name, curve, {curve.size()}, h5::ElementType::Float64, kSmall);
  });
}

TrialStatus read_trial_status(const std::filesystem::path& path) {
  return parse_status(h5::open_artifact(path, kFormat));
}

TrialResult read_trial_file(const std::filesystem::path& path) {
  const h5::File file = h5::open_verified(path, kFormat);
  TrialResult result;
  result.trial.id = file.attribute_text("/", "trial_id");
  result.trial.seed = file.attribute_integer("/", "seed");
  result.status = parse_status(file);
  result.exit_code = static_cast<int>(file.attribute_integer("/", "exit_code"));
  result.reason = file.attribute_text("/", "reason");
  const auto config = file.read_text("/config");
  if (config.size() != 1) throw core::DataError(path.string(), "/config", "is not one text");
  result.trial.config = config::from_json(config.front());
  const auto values = file.read_table("/values");
  const auto facts = file.read_table("/facts");
  if (values.size() != 2 || values[1].numbers.size() != values[0].text.size())
    throw core::DataError(path.string(), "/values", "is not a table of name and value");
  if (facts.size() != 2 || facts[1].text.size() != facts[0].text.size())
    throw core::DataError(path.string(), "/facts", "is not a table of name and text");
  for (std::size_t i = 0; i < values[0].text.size(); ++i) result.values[values[0].text[i]] = values[1].numbers[i];
  for (std::size_t i = 0; i < facts[0].text.size(); ++i) result.facts[facts[0].text[i]] = facts[1].text[i];
  for (const auto& info : file.datasets())
    if (info.path.starts_with(kCurves)) result.curves[info.path.substr(kCurves.size())] = file.read<double>(info.path);
  return result;
}

bool same_content(const TrialResult& a, const TrialResult& b) {
  const auto values_a = without_timings(a.values), values_b = without_timings(b.values);
  const auto same_entry = [](const auto& x, const auto& y) {
    return x.first == y.first && std::memcmp(&x.second, &y.second, sizeof(double)) == 0;
  };
  const auto same_curve = [](const auto& x, const auto& y) {
    return x.first == y.first && same_bits(x.second, y.second);
  };
  return a.trial.id == b.trial.id && a.trial.seed == b.trial.seed && a.status == b.status &&
         a.exit_code == b.exit_code && a.reason == b.reason && a.facts == b.facts &&
         a.trial.config.to_json() == b.trial.config.to_json() &&
         std::equal(values_a.begin(), values_a.end(), values_b.begin(), values_b.end(), same_entry) &&
         std::equal(a.curves.begin(), a.curves.end(), b.curves.begin(), b.curves.end(), same_curve);
}

}  // namespace graftage::sweep

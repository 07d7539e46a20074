#include "graftage/train/metric_log.hpp"

#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"

#include <nlohmann/json.hpp>

#include <sstream>

namespace graftage::train {

namespace {

/// Lines of steps 1 .. steps_done, each whole; nothing after the first line that is not.
std::string kept_lines(const std::string& text, std::int64_t steps_done) {
  std::string kept;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line) && !lines.eof();) {
    const auto record = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!record.is_object() || !record.contains("step") || record["step"].get<std::int64_t>() > steps_done) break;
    kept += line + "\n";
  }
  return kept;
}

std::ofstream reopen(const std::filesystem::path& path, std::int64_t steps_done) {
  const std::string old = std::filesystem::exists(path) ? core::read_text(path) : "";
  const std::string kept = kept_lines(old, steps_done);
  if (kept != old || old.empty()) core::commit_text(path, kept);
  std::ofstream out(path, std::ios::app);
  if (!out) throw core::IoError(path.string() + " cannot be opened for appending", core::ExitCode::CannotCreate);
  return out;
}

}  // namespace

void StepTimes::add(const StepReport& report) {
  graphs += report.num_graphs;
  feed_seconds += report.feed_seconds;
  compute_seconds += report.compute_seconds;
  reduce_seconds += report.reduce_seconds;
  flops += report.flops;
}

double StepTimes::gemm_share(double gemm_gflops) const {
  return seconds() > 0 ? flops / (1e9 * gemm_gflops * seconds()) : 0.0;
}

std::string StepTimes::summary(double gemm_gflops) const {
  if (seconds() <= 0) return "";
  const auto percent = [](double part, int decimals) { return core::format_fixed(100.0 * part, decimals) + " %"; };
  std::string text = core::group_thousands(static_cast<std::int64_t>(static_cast<double>(graphs) / seconds())) +
                     " graphs/s; feeding " + percent(feed_seconds / seconds(), 1) + ", reduction " +
                     percent(reduce_seconds / seconds(), 1) + " of the time";
  if (flops > 0)
    text += "; " + percent(gemm_share(gemm_gflops), 0) + " of " + core::format_fixed(gemm_gflops, 1) +
            " GFLOP/s in matrix products";
  return text;
}

MetricLog::MetricLog(const std::filesystem::path& directory, std::int64_t steps_done, double gemm_gflops)
    : directory_(directory),
      gemm_gflops_(gemm_gflops),
      metrics_(reopen(directory / "metrics.jsonl", steps_done)),
      timings_(reopen(directory / "timings.jsonl", steps_done)) {}

void MetricLog::add(const StepReport& report) {
  nlohmann::ordered_json metrics = {
      {"step", report.step}, {"epoch", report.epoch}, {"graphs", report.num_graphs}, {"loss", report.loss}};
  for (const NamedSum& metric : report.metrics)
    metrics[metric.name] =
        metric.count == 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(metric.sum / metric.count);
  StepTimes step;
  step.add(report);
  times_.add(report);
  const nlohmann::ordered_json timings = {
      {"step", report.step},
      {"step_seconds", step.seconds()},
      {"feed_seconds", report.feed_seconds},
      {"compute_seconds", report.compute_seconds},
      {"reduce_seconds", report.reduce_seconds},
      {"graphs_per_second", static_cast<double>(report.num_graphs) / step.seconds()},
      {"gemm_share",
       step.flops > 0 ? nlohmann::ordered_json(step.gemm_share(gemm_gflops_)) : nlohmann::ordered_json()}};
  metrics_ << metrics.dump() + "\n" << std::flush;
  timings_ << timings.dump() + "\n" << std::flush;
  if (!metrics_ || !timings_)
    throw core::IoError((directory_ / "metrics.jsonl").string() + " cannot be written; is the disk full?");
}

}  // namespace graftage::train

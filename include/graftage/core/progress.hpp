#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

namespace graftage::core {

/// Progress of a long phase: a redrawn bar on a terminal, otherwise one plain line at most every `line_seconds`.
///
///   import  [########--------]  52%  131,072/249,456 molecules  11,820/s  ETA 10s
///
/// Rates and the ETA come from the monotonic clock. A disabled progress (ranks other than 0) prints nothing.
class Progress {
 public:
  struct Options {
    std::string label;
    std::string unit;        ///< "molecules", "graphs", "trials"
    std::int64_t total = 0;  ///< in `unit`
    bool enabled = true;
    double line_seconds = 20.0;         ///< without a terminal
    std::ostream* out = nullptr;        ///< null: stderr
    std::optional<bool> terminal = {};  ///< whether `out` is a terminal; empty: ask the system (stderr only)
  };
  explicit Progress(Options options);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// `done` units are finished, in all; a resumed phase starts with what is there already. `note` is appended ("loss
  /// 0.412").
  void update(std::int64_t done, const std::string& note = "");
  void finish(const std::string& note = "");

 private:
  void print(const std::string& note, bool last);
  Options options_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point rate_start_;  ///< of the first update: what was done before is no speed
  std::chrono::steady_clock::time_point last_print_;
  std::int64_t first_done_ = -1;
  std::int64_t done_ = 0;
  bool terminal_ = false;
  bool finished_ = false;
};

}  // namespace graftage::core

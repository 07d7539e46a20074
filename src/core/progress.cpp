#include "graftage/core/progress.hpp"

#include "graftage/core/text.hpp"

#include <algorithm>
#include <iostream>
#include <unistd.h>

namespace graftage::core {

namespace {

using Clock = std::chrono::steady_clock;
constexpr double kRedrawSeconds = 0.1;

double seconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

std::string bar(double fraction) {
  constexpr int kWidth = 16;
  const int filled = static_cast<int>(fraction * kWidth);
  return "[" + std::string(static_cast<std::size_t>(filled), '#') +
         std::string(static_cast<std::size_t>(kWidth - filled), '-') + "]  ";
}

std::string rate_text(double per_second) {
  if (per_second >= 100) return group_thousands(static_cast<std::int64_t>(per_second)) + "/s";
  return format_fixed(per_second, per_second >= 10 ? 1 : 2) + "/s";
}

}  // namespace

Progress::Progress(Options options)
    : options_(std::move(options)),
      start_(Clock::now()),
      rate_start_(start_),
      last_print_(start_),
      terminal_(options_.terminal.value_or(options_.out == nullptr && ::isatty(STDERR_FILENO) == 1)) {
  if (options_.out == nullptr) options_.out = &std::cerr;
}

Progress::~Progress() {
  if (!finished_ && options_.enabled && terminal_ && first_done_ >= 0) *options_.out << std::endl;  // leave the bar
}

void Progress::update(std::int64_t done, const std::string& note) {
  if (!options_.enabled || finished_) return;
  done_ = done;
  if (first_done_ < 0) {
    first_done_ = done;
    rate_start_ = Clock::now();
    if (!terminal_) return;  // the first plain line comes with a rate
  } else if (seconds_between(last_print_, Clock::now()) < (terminal_ ? kRedrawSeconds : options_.line_seconds)) {
    return;
  }
  print(note, false);
}

void Progress::finish(const std::string& note) {
  if (!options_.enabled || finished_) return;
  finished_ = true;
  print(note, true);
}

void Progress::print(const std::string& note, bool last) {
  last_print_ = Clock::now();
  const double elapsed = seconds_between(start_, last_print_);
  const double rate_seconds = seconds_between(rate_start_, last_print_);
  const std::int64_t new_units = done_ - std::max<std::int64_t>(first_done_, 0);
  const double rate = rate_seconds > 0 ? static_cast<double>(new_units) / rate_seconds : 0.0;
  std::string line = options_.label + "  ";
  if (options_.total > 0) {
    const double fraction = std::clamp(static_cast<double>(done_) / static_cast<double>(options_.total), 0.0, 1.0);
    if (terminal_) line += bar(fraction);
    const std::string percent = std::to_string(static_cast<int>(100.0 * fraction));
    line += std::string(3 - percent.size(), ' ') + percent + "%  " + group_thousands(done_) + "/" +
            group_thousands(options_.total);
  } else {
    line += group_thousands(done_);
  }
  line += " " + options_.unit;
  if (rate > 0) line += "  " + rate_text(rate);
  if (last)
    line += "  in " + format_duration(elapsed);
  else if (rate > 0 && options_.total > done_)
    line += "  ETA " + format_duration(static_cast<double>(options_.total - done_) / rate);
  if (!note.empty()) line += "  " + note;
  if (terminal_)
    *options_.out << '\r' + line + "\x1b[K" + (last ? "\n" : "");  // clears the rest of a longer line
  else
    *options_.out << line + '\n';  // one write, or another stream gets between
  options_.out->flush();
}

}  // namespace graftage::core

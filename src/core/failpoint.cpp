#include "graftage/core/failpoint.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

namespace graftage::core {

namespace {

enum class Action { Throw, DiskFull, Kill };

struct Failpoint {
  std::string name;
  std::int64_t step = 1;
  Action action = Action::Throw;
  std::int64_t passages = 0;
};

std::vector<Failpoint> parse(std::string_view specification) {
  std::vector<Failpoint> result;
  if (trim(specification).empty()) return result;
  for (const std::string& entry : split(specification, ',')) {
    const auto parts = split(trim(entry), ':');
    Failpoint point;
    bool valid = parts.size() == 3 && !parts[0].empty() && !parts[1].empty();
    if (valid) {
      point.name = parts[0];
      const char* const end = parts[1].data() + parts[1].size();
      const auto read = std::from_chars(parts[1].data(), end, point.step);
      valid = read.ec == std::errc() && read.ptr == end;
      if (parts[2] == "enospc") point.action = Action::DiskFull;
      if (parts[2] == "kill") point.action = Action::Kill;
      valid = valid && (parts[2] == "throw" || point.action != Action::Throw);
    }
    if (!valid)
      throw UsageError("GRAFTAGE_FAIL: '" + printable(entry) +
                       "' is not name:step:action with action throw, enospc or kill; unset it outside tests");
    result.push_back(point);
  }
  return result;
}

/// What is armed. Process-wide by nature: it mirrors an environment variable.
struct Armed {
  std::mutex mutex;
  std::vector<Failpoint> points;
  std::atomic<bool> any = false;

  Armed() {
    const char* const variable = std::getenv("GRAFTAGE_FAIL");
    if (variable != nullptr) set(parse(variable));
  }
  void set(std::vector<Failpoint> replacement) {
    const std::lock_guard lock(mutex);
    points = std::move(replacement);
    any = !points.empty();
  }
};

Armed& armed() {
  static Armed instance;
  return instance;
}

void fail(const Failpoint& point) {
  const std::string where = "failpoint " + point.name + " at step " + std::to_string(point.step);
  switch (point.action) {
    case Action::Kill:
      std::raise(SIGKILL);
      break;
    case Action::DiskFull:
      throw IoError(where + ": No space left on device; free space and run the same command again");
    case Action::Throw:
      throw IoError(where + ": injected failure");
  }
}

void pass(const char* name, const std::int64_t* given_step) {
  if (!armed().any.load(std::memory_order_relaxed)) return;
  std::vector<Failpoint> due;
  {
    const std::lock_guard lock(armed().mutex);
    for (Failpoint& point : armed().points) {
      if (point.name != name) continue;
      ++point.passages;
      if ((given_step != nullptr ? *given_step : point.passages) == point.step) due.push_back(point);
    }
  }
  for (const Failpoint& point : due) fail(point);
}

}  // namespace

void failpoint(const char* name) { pass(name, nullptr); }

void failpoint(const char* name, std::int64_t step) { pass(name, &step); }

void arm_failpoints(std::string_view specification) { armed().set(parse(specification)); }

}  // namespace graftage::core

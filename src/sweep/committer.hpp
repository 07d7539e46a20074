#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace graftage::sweep {

/// Stores results in the caller's place: runs tasks one by one, in the order they were pushed, on a thread of its own.
/// They call HDF5 only where h5::is_thread_safe(). push and drain are for one thread.
///
/// A task that throws does not keep the next ones from running; the first exception is rethrown by the next push or
/// drain.
class Committer {
 public:
  using Task = std::function<void()>;
  /// At most `capacity` tasks are unfinished at a time.
  explicit Committer(std::size_t capacity);
  /// Runs what was pushed; an exception nobody was told of becomes a line in the log.
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;
  /// Waits for room and takes the task. @throws what an earlier task threw; this one runs all the same
  void push(Task task);
  /// Returns when every task has run and is gone. @throws what a task threw
  void drain();

 private:
  void run();
  void rethrow();

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> unfinished_;  ///< the first one is running
  std::exception_ptr error_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace graftage::sweep

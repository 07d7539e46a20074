#include "sweep/committer.hpp"

#include "graftage/core/log.hpp"

#include <utility>

namespace graftage::sweep {

Committer::Committer(std::size_t capacity) : capacity_(capacity), thread_([this] { run(); }) {}

Committer::~Committer() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
  try {
    rethrow();
  } catch (const std::exception& error) {
    core::log_warning(error.what());
  } catch (...) {
    core::log_warning("a result could not be stored");
  }
}

void Committer::push(Task task) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return unfinished_.size() < capacity_; });
  unfinished_.push_back(std::move(task));
  changed_.notify_all();
  rethrow();
}

void Committer::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return unfinished_.empty(); });
  rethrow();
}

void Committer::rethrow() {
  if (const auto error = std::exchange(error_, nullptr)) std::rethrow_exception(error);
}

void Committer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_ending_ || !unfinished_.empty(); });
    if (unfinished_.empty()) return;
    Task task = std::move(unfinished_.front());
    lock.unlock();
    std::exception_ptr error;
    try {
      task();
    } catch (...) {
      error = std::current_exception();
    }
    task = nullptr;  // what it owns, a temporary file that was not published, goes before anybody is told
    lock.lock();
    unfinished_.pop_front();
    if (!error_) error_ = error;
    changed_.notify_all();
  }
}

}  // namespace graftage::sweep

#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace graftage::adapt {

/// The values asked for last, by key; the one not asked for the longest makes room.
template <class Value>
class RecentCache {
 public:
  explicit RecentCache(std::size_t capacity) : capacity_(capacity) {}

  /// The value of `key`, from `make()` unless it is here. @param make  returns a Value
  template <class Make>
  [[nodiscard]] std::shared_ptr<const Value> get(const std::string& key, Make make) {
    auto found = std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) { return entry.first == key; });
    if (found == entries_.end()) {
      auto value = std::make_shared<const Value>(make());
      if (entries_.size() == capacity_) entries_.erase(entries_.begin());
      entries_.emplace_back(key, std::move(value));
      found = std::prev(entries_.end());
    }
    std::rotate(found, std::next(found), entries_.end());
    return entries_.back().second;
  }

 private:
  std::size_t capacity_;
  std::vector<std::pair<std::string, std::shared_ptr<const Value>>> entries_;  ///< most recent last
};

}  // namespace graftage::adapt

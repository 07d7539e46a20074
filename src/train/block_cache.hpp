#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>

namespace graftage::train {

/// Large blocks of memory, kept when they are given back. All functions may be called from any thread.
class BlockCache {
 public:
  /// Blocks are aligned to it, and their sizes are multiples of it: a huge page of x86.
  static constexpr std::size_t kPage = std::size_t{2} << 20;

  BlockCache() = default;
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;
  ~BlockCache();

  /// A block of at least `bytes`: the smallest kept one that is no more than a quarter larger, or a new one. New blocks
  /// push out kept ones, the longest unused first, so that no more is held than was once taken at a time.
  /// @return null if the kernel has no more
  [[nodiscard]] void* take(std::size_t bytes);
  /// Whether it was a block of this cache, which is kept now.
  bool give_back(void* block);

  [[nodiscard]] std::size_t held_bytes() const;  ///< taken and kept

 private:
  struct Kept {
    void* block;
    std::uint64_t since;
  };
  void* map(std::size_t bytes);
  void drop_oldest();

  mutable std::mutex mutex_;
  std::unordered_map<void*, std::size_t> size_;  ///< of every block
  std::multimap<std::size_t, Kept> kept_;        ///< by size
  std::size_t taken_bytes_ = 0;
  std::size_t kept_bytes_ = 0;
  std::size_t largest_demand_ = 0;
  std::uint64_t clock_ = 0;
};

}  // namespace graftage::train

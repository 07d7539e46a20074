#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <unordered_map>

namespace graftage::train {

/// Large blocks of memory whose pages are kept when the blocks are given back: as many as were once taken at a time,
/// and no more. A block is cut from the smallest kept range that is large enough; where ranges are too small, the
/// kernel moves their pages into a new one (mremap), so holes cost neither memory nor the clearing of fresh pages. All
/// functions may be called from any thread.
class BlockCache {
 public:
  /// Blocks are aligned to it, and their sizes are multiples of it: a huge page of x86.
  static constexpr std::size_t kPage = std::size_t{2} << 20;

  BlockCache() = default;
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;
  ~BlockCache();

  /// A block of at least `bytes`, of any content. @return null if the kernel has no more
  [[nodiscard]] void* take(std::size_t bytes);
  /// Whether it was a block of this cache, whose pages are kept now.
  bool give_back(void* block);

  [[nodiscard]] std::size_t held_bytes() const;  ///< taken and kept

 private:
  char* cut(std::size_t bytes);
  char* gather(std::size_t bytes);
  char* first_kept_page();
  void keep(char* start, std::size_t bytes);

  mutable std::mutex mutex_;
  std::unordered_map<void*, std::size_t> taken_;
  std::map<char*, std::size_t> kept_;  ///< ranges that do not touch
};

}  // namespace graftage::train

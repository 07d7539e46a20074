#include "train/block_cache.hpp"

#include <algorithm>
#include <bit>
#include <sys/mman.h>

namespace graftage::train {

namespace {

/// Steps of an eighth of a power of two: a little more or less of a tensor asks for the same.
std::size_t rounded(std::size_t bytes) {
  const std::size_t step = std::max(std::bit_floor(bytes) / 8, BlockCache::kPage);
  return (bytes + step - 1) / step * step;
}

}  // namespace

BlockCache::~BlockCache() {
  for (const auto& [block, bytes] : size_) ::munmap(block, bytes);
}

void* BlockCache::take(std::size_t bytes) {
  const std::size_t wanted = rounded(bytes);
  const std::lock_guard lock(mutex_);
  const auto fit = kept_.lower_bound(wanted);
  void* block = nullptr;
  if (fit != kept_.end() && fit->first <= wanted + wanted / 4) {
    block = fit->second.block;
    kept_bytes_ -= fit->first;
    kept_.erase(fit);
  } else {
    while (!kept_.empty() && taken_bytes_ + kept_bytes_ + wanted > largest_demand_) drop_oldest();
    block = map(wanted);
    if (block == nullptr) return nullptr;
    size_.emplace(block, wanted);
  }
  taken_bytes_ += size_.at(block);
  largest_demand_ = std::max(largest_demand_, taken_bytes_);
  return block;
}

bool BlockCache::give_back(void* block) {
  if (std::bit_cast<std::uintptr_t>(block) % kPage != 0) return false;
  const std::lock_guard lock(mutex_);
  const auto found = size_.find(block);
  if (found == size_.end()) return false;
  taken_bytes_ -= found->second;
  kept_bytes_ += found->second;
  kept_.emplace(found->second, Kept{block, ++clock_});
  return true;
}

std::size_t BlockCache::held_bytes() const {
  const std::lock_guard lock(mutex_);
  return taken_bytes_ + kept_bytes_;
}

/// The kernel aligns to small pages, so a page more is asked for and the ends are returned.
void* BlockCache::map(std::size_t bytes) {
  void* all = ::mmap(nullptr, bytes + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return nullptr;
  char* start = static_cast<char*>(all);
  const std::size_t before = (kPage - std::bit_cast<std::uintptr_t>(all) % kPage) % kPage;
  if (before > 0) ::munmap(start, before);
  if (before < kPage) ::munmap(start + before + bytes, kPage - before);
  void* block = start + before;
  (void)::madvise(block, bytes, MADV_HUGEPAGE);  // a wish
  return block;
}

void BlockCache::drop_oldest() {
  const auto oldest = std::min_element(kept_.begin(), kept_.end(),
                                       [](const auto& a, const auto& b) { return a.second.since < b.second.since; });
  kept_bytes_ -= oldest->first;
  size_.erase(oldest->second.block);
  ::munmap(oldest->second.block, oldest->first);
  kept_.erase(oldest);
}

}  // namespace graftage::train

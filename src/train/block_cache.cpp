#include "train/block_cache.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <sys/mman.h>

namespace graftage::train {

namespace {

constexpr int kProtection = PROT_READ | PROT_WRITE;
constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS;

/// A new range, aligned to pages. The kernel aligns to small ones, so a page more is asked for and the ends are
/// returned.
char* map(std::size_t bytes) {
  if (bytes > std::numeric_limits<std::size_t>::max() - BlockCache::kPage) return nullptr;
  void* all = ::mmap(nullptr, bytes + BlockCache::kPage, kProtection, kFlags, -1, 0);
  if (all == MAP_FAILED) return nullptr;
  char* start = static_cast<char*>(all);
  const std::size_t before =
      (BlockCache::kPage - std::bit_cast<std::uintptr_t>(all) % BlockCache::kPage) % BlockCache::kPage;
  if (before > 0) ::munmap(start, before);
  ::munmap(start + before + bytes, BlockCache::kPage - before);
  char* block = start + before;
  (void)::madvise(block, bytes, MADV_HUGEPAGE);  // a wish
  return block;
}

/// @return whether the page is at `target` now, where another one was mapped
bool move_page(char* page, char* target) {
  return ::mremap(page, BlockCache::kPage, BlockCache::kPage, MREMAP_MAYMOVE | MREMAP_FIXED, target) != MAP_FAILED;
}

/// A move that failed may have unmapped its target. @return whether there is a page again
bool fill_hole(char* target) {
  void* page = ::mmap(target, BlockCache::kPage, kProtection, kFlags | MAP_FIXED_NOREPLACE, -1, 0);
  if (page == target) (void)::madvise(target, BlockCache::kPage, MADV_HUGEPAGE);
  if (page != target && page != MAP_FAILED) ::munmap(page, BlockCache::kPage);
  return page == target;
}

}  // namespace

BlockCache::~BlockCache() {
  for (const auto& [start, bytes] : kept_) ::munmap(start, bytes);
  for (const auto& [start, bytes] : taken_) ::munmap(start, bytes);
}

void* BlockCache::take(std::size_t bytes) {
  const std::size_t pages = bytes / kPage + (bytes % kPage == 0 ? 0 : 1);
  const std::size_t wanted = std::max<std::size_t>(pages, 1) * kPage;
  if (wanted < bytes) return nullptr;
  const std::lock_guard lock(mutex_);
  char* block = cut(wanted);
  if (block == nullptr) block = gather(wanted);
  if (block != nullptr) taken_.emplace(block, wanted);
  return block;
}

bool BlockCache::give_back(void* block) {
  if (std::bit_cast<std::uintptr_t>(block) % kPage != 0) return false;
  const std::lock_guard lock(mutex_);
  const auto found = taken_.find(block);
  if (found == taken_.end()) return false;
  keep(static_cast<char*>(block), found->second);
  taken_.erase(found);
  return true;
}

std::size_t BlockCache::held_bytes() const {
  const std::lock_guard lock(mutex_);
  std::size_t bytes = 0;
  for (const auto& range : kept_) bytes += range.second;
  for (const auto& range : taken_) bytes += range.second;
  return bytes;
}

/// The start of the smallest kept range that is large enough, or null.
char* BlockCache::cut(std::size_t bytes) {
  auto best = kept_.end();
  for (auto range = kept_.begin(); range != kept_.end(); ++range)
    if (range->second >= bytes && (best == kept_.end() || range->second < best->second)) best = range;
  if (best == kept_.end()) return nullptr;
  const auto [start, size] = *best;
  kept_.erase(best);
  if (size > bytes) kept_.emplace(start + bytes, size - bytes);
  return start;
}

/// A new range with the pages of kept ones, as far as they go; fresh pages come when they are first written to. (mremap
/// moves no range that was put together from several, so pages are moved one by one, in order: neighbours join again.)
char* BlockCache::gather(std::size_t bytes) {
  char* block = map(bytes);
  if (block == nullptr) {  // no room for both
    for (const auto& [start, size] : kept_) ::munmap(start, size);
    kept_.clear();
    return map(bytes);
  }
  for (std::size_t filled = 0; filled < bytes && !kept_.empty(); filled += kPage) {
    char* page = first_kept_page();
    if (move_page(page, block + filled)) continue;
    keep(page, kPage);
    if (fill_hole(block + filled)) break;
    ::munmap(block, filled);
    ::munmap(block + filled + kPage, bytes - filled - kPage);
    return nullptr;
  }
  return block;
}

/// Takes a page out of the smallest kept range.
char* BlockCache::first_kept_page() {
  const auto smallest =
      std::min_element(kept_.begin(), kept_.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const auto [page, bytes] = *smallest;
  kept_.erase(smallest);
  if (bytes > kPage) kept_.emplace(page + kPage, bytes - kPage);
  return page;
}

void BlockCache::keep(char* start, std::size_t bytes) {
  const auto after = kept_.find(start + bytes);
  if (after != kept_.end()) {
    bytes += after->second;
    kept_.erase(after);
  }
  const auto next = kept_.lower_bound(start);
  if (next != kept_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == start) {
      before->second += bytes;
      return;
    }
  }
  kept_.emplace(start, bytes);
}

}  // namespace graftage::train

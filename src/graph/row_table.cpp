#include "graph/row_table.hpp"

#include <algorithm>
#include <bit>

namespace graftage::graph::detail {

namespace {

/// Multiply and fold (as in wyhash); quality only matters for speed.
std::uint64_t hash_of(std::span<const std::uint32_t> words) {
  std::uint64_t h = 0x9e3779b97f4a7c15u ^ words.size();
  for (const std::uint32_t word : words) {
    h = (h ^ word) * 0xd6e8feb86659fd93u;
    h ^= h >> 32;
  }
  return h;
}

}  // namespace

RowTable::RowTable(std::int64_t expected)
    : slots_(std::bit_ceil(static_cast<std::size_t>(2 * std::max<std::int64_t>(expected, 8)))) {}

bool RowTable::holds(std::uint32_t row, std::span<const std::uint32_t> words) const {
  const std::size_t begin = begin_[row];
  return begin_[row + 1] - begin == words.size() &&
         std::equal(words.begin(), words.end(), words_.begin() + static_cast<std::ptrdiff_t>(begin));
}

std::int64_t RowTable::number(std::span<const std::uint32_t> words) {
  const std::uint64_t hash = hash_of(words);
  std::size_t slot = hash & (slots_.size() - 1);
  for (; slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1)) {
    const std::uint32_t row = slots_[slot] - 1;
    if (hash_[row] == hash && holds(row, words)) return row;
  }
  const auto row = static_cast<std::uint32_t>(hash_.size());
  slots_[slot] = row + 1;
  words_.insert(words_.end(), words.begin(), words.end());
  begin_.push_back(words_.size());
  hash_.push_back(hash);
  if (2 * hash_.size() > slots_.size()) grow();
  return row;
}

void RowTable::grow() {
  slots_.assign(2 * slots_.size(), 0);
  for (std::size_t row = 0; row < hash_.size(); ++row) {
    std::size_t slot = hash_[row] & (slots_.size() - 1);
    while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = static_cast<std::uint32_t>(row) + 1;
  }
}

}  // namespace graftage::graph::detail

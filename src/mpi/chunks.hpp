#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

namespace graftage::mpi::detail {

/// MPI counts are ints; longer messages travel in pieces of this many bytes.
inline constexpr std::size_t kChunkBytes = std::size_t{1} << 30;
static_assert(kChunkBytes <= std::numeric_limits<int>::max());

/// Calls `transfer(offset, count)` for consecutive pieces of at most `chunk_bytes`; once with count 0 for an empty
/// message.
template <class Transfer>
void for_each_chunk(std::size_t total_bytes, std::size_t chunk_bytes, const Transfer& transfer) {
  std::size_t offset = 0;
  do {
    const std::size_t count = std::min(chunk_bytes, total_bytes - offset);
    transfer(offset, static_cast<int>(count));
    offset += count;
  } while (offset < total_bytes);
}

}  // namespace graftage::mpi::detail

#pragma once

#include <compare>
#include <cstdint>

namespace graftage::core {

/// A 64-bit identifier that does not convert to another kind of identifier.
template <class Tag>
struct Id {
  std::int64_t value = 0;
  constexpr Id() = default;
  constexpr explicit Id(std::int64_t v) : value(v) {}
  friend constexpr auto operator<=>(const Id&, const Id&) = default;
};

using GraphId = Id<struct GraphTag>;  ///< global index of a graph in its corpus
using ShardId = Id<struct ShardTag>;  ///< index of a shard file of a corpus
using Rank = Id<struct RankTag>;      ///< MPI rank

}  // namespace graftage::core

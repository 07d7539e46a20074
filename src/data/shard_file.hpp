#pragma once

#include "graftage/graph/graph.hpp"
#include "graftage/h5/file.hpp"

#include <cstdint>
#include <vector>

namespace graftage::data {

inline constexpr const char* kShardFormat = "graftage-shard";
inline constexpr const char* kCorpusFormat = "graftage-corpus";

/// Decodes graphs [first, first + count) of an open shard. @throws DataError
/// @param node_ptr  [count + 1] rows of /node/feat at which they begin and end
/// @param edge_ptr  [count + 1] rows of /edge/index
[[nodiscard]] std::vector<graph::Graph> read_graphs(const h5::File& file, std::int64_t first,
                                                    const std::vector<std::uint64_t>& node_ptr,
                                                    const std::vector<std::uint64_t>& edge_ptr);

}  // namespace graftage::data

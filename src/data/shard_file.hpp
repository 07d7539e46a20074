#pragma once

#include "graftage/graph/graph.hpp"
#include "graftage/h5/file.hpp"

#include <cstdint>
#include <vector>

namespace graftage::data {

inline constexpr const char* kShardFormat = "graftage-shard";
inline constexpr const char* kCorpusFormat = "graftage-corpus";

/// Decodes graphs [first, first + count) of an open shard. @throws DataError
[[nodiscard]] std::vector<graph::Graph> read_graphs(const h5::File& file, std::int64_t first, std::int64_t count);

}  // namespace graftage::data

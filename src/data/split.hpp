#pragma once

#include "graftage/core/digest.hpp"
#include "graftage/data/corpus.hpp"

#include <cstdint>
#include <vector>

namespace graftage::data {

/// Scaffold split of Hu et al. 2020 (methods 2.4): groups of equal scaffold, largest first (ties: later first member
/// first), fill train, then valid, then test; strict comparison with the cuts. Deterministic.
/// @param scaffolds  key of each graph's scaffold, in corpus order
[[nodiscard]] Split scaffold_split(const std::vector<core::Key128>& scaffolds, double train_fraction,
                                   double valid_fraction);

/// Random split by graftage's own keyed permutation P of seed/"random split": graphs P(0) to P(floor(train n) - 1)
/// train, the next floor(valid n) valid, the rest test. Not the shuffle of any other library.
[[nodiscard]] Split random_split(std::int64_t num_graphs, double train_fraction, double valid_fraction,
                                 std::int64_t seed);

}  // namespace graftage::data

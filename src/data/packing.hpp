#pragma once

#include <cstdint>
#include <vector>

namespace graftage::data {

/// Deals items to bins of given capacities so that the bins' weights are as equal as a fast rule makes them; 64
/// molecules a bin leave well below 1 % (performance 2.8).
///
/// Items are taken by falling weight, a round of one for each bin at a time, the heaviest to the lightest bin; then the
/// heaviest bin swaps items with the lightest as long as that brings the two closer. Equal weights are taken in the
/// order given and equal bins by index, so the result is a function of the arguments alone.
/// @param weights   of the items, >= 0
/// @param capacities  items of each bin, equal within one; they add up to the number of items
/// @return per bin the indices of its items, ascending
[[nodiscard]] std::vector<std::vector<std::int64_t>> balance(const std::vector<std::int64_t>& weights,
                                                             const std::vector<std::int64_t>& capacities);

}  // namespace graftage::data

#include "data/packing.hpp"

#include "graftage/core/error.hpp"

#include <algorithm>
#include <numeric>

namespace graftage::data {

namespace {

struct Bin {
  std::vector<std::int64_t> items;
  std::int64_t weight = 0;
};

/// Items by falling weight; equal ones in the order given.
std::vector<std::int64_t> heaviest_first(const std::vector<std::int64_t>& weights) {
  std::vector<std::int64_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return weights[static_cast<std::size_t>(a)] > weights[static_cast<std::size_t>(b)];
  });
  return order;
}

/// Bins with room for one more item, lightest first.
std::vector<std::size_t> open_bins(const std::vector<Bin>& bins, const std::vector<std::int64_t>& capacities) {
  std::vector<std::size_t> open;
  for (std::size_t b = 0; b < bins.size(); ++b)
    if (static_cast<std::int64_t>(bins[b].items.size()) < capacities[b]) open.push_back(b);
  std::stable_sort(open.begin(), open.end(),
                   [&](std::size_t a, std::size_t b) { return bins[a].weight < bins[b].weight; });
  return open;
}

/// Swaps the pair of items that brings two bins closest to each other. @return false if none brings them closer
bool even_out(Bin& heavy, Bin& light, const std::vector<std::int64_t>& weights) {
  const auto weight = [&](std::int64_t item) { return weights[static_cast<std::size_t>(item)]; };
  const auto heaviest = [&](std::int64_t a, std::int64_t b) {
    return weight(a) != weight(b) ? weight(a) > weight(b) : a < b;
  };
  std::sort(heavy.items.begin(), heavy.items.end(), heaviest);
  std::sort(light.items.begin(), light.items.end(), heaviest);
  const std::int64_t gap = heavy.weight - light.weight;
  std::int64_t best_gap = gap;
  std::size_t best_from = 0, best_to = 0;
  // The partner that moves half the gap gets lighter as the item does: one pass over both lists.
  for (std::size_t from = 0, to = 0; from < heavy.items.size() && to < light.items.size();) {
    const std::int64_t moved = weight(heavy.items[from]) - weight(light.items[to]);
    const std::int64_t gap_then = std::abs(gap - 2 * moved);
    if (gap_then < best_gap) {
      best_gap = gap_then;
      best_from = from;
      best_to = to;
    }
    if (2 * moved > gap)
      ++from;
    else
      ++to;
  }
  if (best_gap == gap) return false;
  const std::int64_t moved = weight(heavy.items[best_from]) - weight(light.items[best_to]);
  std::swap(heavy.items[best_from], light.items[best_to]);
  heavy.weight -= moved;
  light.weight += moved;
  return true;
}

}  // namespace

std::vector<std::vector<std::int64_t>> balance(const std::vector<std::int64_t>& weights,
                                               const std::vector<std::int64_t>& capacities) {
  const auto num_items = static_cast<std::int64_t>(weights.size());
  GRAFTAGE_CHECK(std::accumulate(capacities.begin(), capacities.end(), std::int64_t{0}) == num_items, num_items);
  std::vector<Bin> bins(capacities.size());
  const auto order = heaviest_first(weights);
  for (std::size_t next = 0; next < order.size();)
    for (const std::size_t b : open_bins(bins, capacities)) {
      if (next == order.size()) break;
      bins[b].items.push_back(order[next]);
      bins[b].weight += weights[static_cast<std::size_t>(order[next])];
      ++next;
    }
  const auto lighter = [](const Bin& a, const Bin& b) { return a.weight < b.weight; };
  // Every swap lowers the sum of squares; the bound only keeps a hostile case from costing more than it saves.
  for (std::int64_t swaps = 0; swaps < num_items; ++swaps) {
    const auto [light, heavy] = std::minmax_element(bins.begin(), bins.end(), lighter);
    if (light == heavy || !even_out(*heavy, *light, weights)) break;
  }
  std::vector<std::vector<std::int64_t>> result;
  for (Bin& bin : bins) {
    std::sort(bin.items.begin(), bin.items.end());
    result.push_back(std::move(bin.items));
  }
  return result;
}

}  // namespace graftage::data

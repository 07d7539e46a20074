#include "graftage/train/gradient_reducer.hpp"

#include "graftage/core/error.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <tuple>
#include <utility>

namespace graftage::train {

namespace {

constexpr int kHeaderTag = 501;
constexpr int kGradientTag = 502;
constexpr int kSumsTag = 503;

/// Present or not, and the two lengths: the receiver may hold no contribution of its own to know them from.
using Header = std::array<std::int64_t, 3>;

template <class T>
void add_in_place(std::vector<T>& left, const std::vector<T>& right) {
  GRAFTAGE_CHECK(left.size() == right.size(), left.size(), right.size());
  T* out = left.data();
  const T* in = right.data();
  const auto count = static_cast<std::int64_t>(left.size());
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) out[i] += in[i];
}

/// left + right; an absent side changes nothing.
std::optional<Contribution> combine(std::optional<Contribution> left, std::optional<Contribution> right) {
  if (!left) return right;
  if (!right) return left;
  add_in_place(left->gradient, right->gradient);
  add_in_place(left->sums, right->sums);
  return left;
}

void send(const mpi::Communicator& communicator, const std::optional<Contribution>& value, int destination) {
  const Header header = value ? Header{1, static_cast<std::int64_t>(value->gradient.size()),
                                       static_cast<std::int64_t>(value->sums.size())}
                              : Header{0, 0, 0};
  communicator.send(std::span<const std::int64_t>(header), destination, kHeaderTag);
  if (!value) return;
  communicator.send(std::span(value->gradient), destination, kGradientTag);
  communicator.send(std::span(value->sums), destination, kSumsTag);
}

std::optional<Contribution> receive(const mpi::Communicator& communicator, int source) {
  Header header{};
  communicator.receive(std::span<std::int64_t>(header), source, kHeaderTag);
  if (header[0] == 0) return std::nullopt;
  Contribution value{std::vector<float>(static_cast<std::size_t>(header[1])),
                     std::vector<double>(static_cast<std::size_t>(header[2]))};
  communicator.receive(std::span(value.gradient), source, kGradientTag);
  communicator.receive(std::span(value.sums), source, kSumsTag);
  return value;
}

/// Largest power of two below `size`: the left child of a node over `size` leaves. @pre size >= 2
std::int64_t left_size(std::int64_t size) {
  std::int64_t left = 1;
  while (2 * left < size) left *= 2;
  return left;
}

/// One reduction. Every rank walks the tree in the same post-order, so its blocking messages cannot wait in a circle.
class Reduction {
 public:
  Reduction(const mpi::Communicator& communicator, std::int64_t virtual_shards,
            std::vector<std::optional<Contribution>>& leaves)
      : communicator_(communicator), virtual_shards_(virtual_shards), leaves_(leaves) {
    std::tie(first_, last_) = GradientReducer::range_of(virtual_shards, communicator.size(), communicator.rank());
  }

  /// Sum over leaves [begin, end) on the owner of `begin`; nothing on the other ranks.
  std::optional<Contribution> sum(std::int64_t begin, std::int64_t end) {
    if (end <= first_ || begin >= last_) return std::nullopt;
    if (end == begin + 1) return std::move(leaves_[static_cast<std::size_t>(begin - first_)]);
    const std::int64_t middle = begin + left_size(end - begin);
    std::optional<Contribution> left = sum(begin, middle);
    std::optional<Contribution> right = sum(middle, end);
    const bool owns_left = owns(begin);
    const bool owns_right = owns(middle);
    if (owns_right && !owns_left) send(communicator_, right, owner(begin));
    if (!owns_left) return std::nullopt;
    return combine(std::move(left), owns_right ? std::move(right) : receive(communicator_, owner(middle)));
  }

 private:
  [[nodiscard]] bool owns(std::int64_t leaf) const { return leaf >= first_ && leaf < last_; }
  [[nodiscard]] int owner(std::int64_t leaf) const {
    int rank = 0;
    while (GradientReducer::range_of(virtual_shards_, communicator_.size(), rank).second <= leaf) ++rank;
    return rank;
  }
  const mpi::Communicator& communicator_;
  std::int64_t virtual_shards_;
  std::vector<std::optional<Contribution>>& leaves_;
  std::int64_t first_ = 0;
  std::int64_t last_ = 0;
};

}  // namespace

GradientReducer::GradientReducer(const mpi::Communicator& communicator, std::int64_t virtual_shards)
    : communicator_(communicator), virtual_shards_(virtual_shards) {
  GRAFTAGE_CHECK(virtual_shards >= 1, virtual_shards);
}

std::pair<std::int64_t, std::int64_t> GradientReducer::range_of(std::int64_t virtual_shards, int num_ranks, int rank) {
  const std::int64_t share = virtual_shards / num_ranks;
  const std::int64_t larger = virtual_shards % num_ranks;  // so many ranks take one leaf more, the first ones
  const std::int64_t first = rank * share + std::min<std::int64_t>(rank, larger);
  return {first, first + share + (rank < larger ? 1 : 0)};
}

std::pair<std::int64_t, std::int64_t> GradientReducer::local_range() const {
  return range_of(virtual_shards_, communicator_.size(), communicator_.rank());
}

Contribution GradientReducer::reduce(std::vector<std::optional<Contribution>> leaves) const {
  const auto [first, last] = local_range();
  GRAFTAGE_CHECK(static_cast<std::int64_t>(leaves.size()) == last - first, leaves.size(), last - first);
  std::optional<Contribution> root = Reduction(communicator_, virtual_shards_, leaves).sum(0, virtual_shards_);
  Contribution result = root ? std::move(*root) : Contribution{};  // leaf 0, so the root, is rank 0's
  if (communicator_.size() == 1) return result;
  std::array<std::int64_t, 2> sizes = {static_cast<std::int64_t>(result.gradient.size()),
                                       static_cast<std::int64_t>(result.sums.size())};
  communicator_.broadcast(std::span<std::int64_t>(sizes));
  result.gradient.resize(static_cast<std::size_t>(sizes[0]));
  result.sums.resize(static_cast<std::size_t>(sizes[1]));
  communicator_.broadcast(std::span(result.gradient));
  communicator_.broadcast(std::span(result.sums));
  return result;
}

}  // namespace graftage::train

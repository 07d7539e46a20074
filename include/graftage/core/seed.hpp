#pragma once

#include <cstdint>
#include <string_view>

namespace graftage::core {

/// Counter-based random stream (Philox4x32-10, Salmon et al. 2011, through Random123).
///
/// A stream is a pure function of its key; drawing never touches shared state, so streams keyed by
/// (seed, purpose, epoch, sample) give the same numbers on any rank and after any restart.
/// Meets UniformRandomBitGenerator.
class RandomStream {
 public:
  using result_type = std::uint32_t;
  RandomStream(std::uint64_t key_high, std::uint64_t key_low);
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return 0xffffffffu; }
  result_type operator()();
  /// Uniform in [0, 1) with 53 random bits.
  double uniform();
  /// Uniform integer in [0, bound), unbiased. @pre bound > 0
  std::uint64_t below(std::uint64_t bound);
  /// Standard normal (Box-Muller).
  double normal();

 private:
  void refill();
  std::uint32_t key_[2];
  std::uint32_t counter_[4];
  std::uint32_t block_[4]{};
  int used_ = 4;
};

/// A node of the tree of random keys: derive children by name and number, then draw from a stream.
///
///   SeedSequence(7).child("mask").child(epoch).child(graph.value).stream()
class SeedSequence {
 public:
  explicit SeedSequence(std::uint64_t root_seed);
  [[nodiscard]] SeedSequence child(std::string_view purpose) const;
  [[nodiscard]] SeedSequence child(std::int64_t index) const;
  [[nodiscard]] RandomStream stream() const { return {high_, low_}; }
  /// 64 bits of this key, e.g. to key a permutation.
  [[nodiscard]] std::uint64_t value() const { return high_ ^ low_; }

 private:
  SeedSequence(std::uint64_t high, std::uint64_t low) : high_(high), low_(low) {}
  std::uint64_t high_;
  std::uint64_t low_;
};

/// Keyed bijection of [0, size): a balanced Feistel network with cycle walking.
///
/// The epoch's sample order needs no array and no saved state: position p of the order is `permutation(p)`.
class KeyedPermutation {
 public:
  KeyedPermutation(std::uint64_t size, std::uint64_t key);
  /// @pre position < size
  [[nodiscard]] std::uint64_t operator()(std::uint64_t position) const;
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  std::uint64_t size_;
  std::uint64_t key_;
  unsigned half_bits_;
};

}  // namespace graftage::core

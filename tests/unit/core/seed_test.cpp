#include "graftage/core/seed.hpp"

#include "graftage/core/error.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <vector>

namespace graftage::core {
namespace {

std::array<std::uint32_t, 4> first_block(RandomStream stream) { return {stream(), stream(), stream(), stream()}; }

// Known-answer vectors of Random123 (kat_vectors, philox4x32 with 10 rounds); a stream counts from 0, so the vectors
// with another counter are reached through the half of the counter that belongs to the key.
TEST(RandomStream, MatchesThePublishedVectorOfPhilox) {
  EXPECT_EQ(first_block({0, 0}), (std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
}

/// Philox4x32-10 after Salmon et al. 2011, section 3.3, written out.
std::array<std::uint32_t, 4> philox_by_hand(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

TEST(RandomStream, OracleReproducesThePublishedVectors) {
  EXPECT_EQ(philox_by_hand({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox_by_hand({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (std::array<std::uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, CountsBlocksOfItsKey) {
  RandomStream stream(0x299f31d0a4093822, 0x0370734413198a2e);

  for (std::uint32_t block = 0; block < 5; ++block) {
    const auto expected = philox_by_hand({block, 0, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0});
    for (std::size_t i = 0; i < 4; ++i) ASSERT_EQ(stream(), expected[i]) << block << ' ' << i;
  }
}

TEST(RandomStream, UniformHasTheRightMomentsAndRange) {
  RandomStream stream = SeedSequence(3).child("uniform").stream();
  constexpr int kDraws = 200000;
  double sum = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = stream.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    squares += u * u;
  }

  EXPECT_NEAR(sum / kDraws, 0.5, 5 * std::sqrt(1.0 / 12 / kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / kDraws));
}

TEST(RandomStream, NormalHasTheRightMoments) {
  RandomStream stream = SeedSequence(3).child("normal").stream();
  constexpr int kDraws = 200000;
  double sum = 0, squares = 0, fourth = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double z = stream.normal();
    ASSERT_TRUE(std::isfinite(z));
    sum += z;
    squares += z * z;
    fourth += z * z * z * z;
  }

  EXPECT_NEAR(sum / kDraws, 0.0, 5 / std::sqrt(kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0, 5 * std::sqrt(2.0 / kDraws));
  EXPECT_NEAR(fourth / kDraws, 3.0, 5 * std::sqrt(96.0 / kDraws));
}

double chi_square(const std::vector<int>& counts, double expected) {
  double sum = 0;
  for (const int count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

TEST(RandomStream, BelowIsUniformAndBounded) {
  RandomStream stream = SeedSequence(4).child("below").stream();
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts.at(stream.below(7));

  EXPECT_LT(chi_square(counts, 10000), 22.5);  // 6 degrees of freedom, p = 0.001
  EXPECT_EQ(stream.below(1), 0u);
  EXPECT_THROW((void)stream.below(0), InternalError);
}

TEST(RandomStream, BelowReachesBeyondThirtyTwoBits) {
  RandomStream stream = SeedSequence(5).child("wide").stream();
  const std::uint64_t bound = std::uint64_t{3} << 61;  // three of eight parts of the range: rejection is exercised
  std::vector<int> counts(6);
  for (int i = 0; i < 60000; ++i) {
    const std::uint64_t value = stream.below(bound);
    ASSERT_LT(value, bound);
    ++counts[value / (bound / 6)];
  }

  EXPECT_LT(chi_square(counts, 10000), 20.5);  // 5 degrees of freedom, p = 0.001
}

TEST(SeedSequence, ChildrenDifferByNameNumberAndOrder) {
  const SeedSequence root(7);
  std::set<std::array<std::uint32_t, 4>> seen;
  std::size_t made = 0;
  const auto add = [&](const SeedSequence& sequence) {
    seen.insert(first_block(sequence.stream()));
    ++made;
  };

  add(root);
  add(SeedSequence(8));
  for (int i = -50; i < 50; ++i) add(root.child(i));
  for (const char* const name : {"", "m", "mask", "mas", "mask ", "sampler", "12345678", "123456789"}) {
    add(root.child(name));
    add(root.child(name).child(0));
    add(root.child(0).child(name));
  }
  add(root.child(std::string_view("\1\0\0\0\0\0\0\0", 8)));
  add(root.child(std::string_view("a\0", 2)));
  add(root.child("a"));

  EXPECT_EQ(seen.size(), made);
}

TEST(SeedSequence, KeepsItsNumbersForever) {
  // Frozen: every published result depends on these.
  const SeedSequence key = SeedSequence(7).child("mask").child(3).child(123456789012);

  EXPECT_EQ(key.value(), 0xe2f6c9950a5af05cu);
  EXPECT_EQ(first_block(key.stream()), (std::array<std::uint32_t, 4>{0x3c942389, 0xec964cc0, 0x12c428ee, 0x5f387824}));
}

TEST(SeedSequence, NeighbouringKeysGiveUnrelatedBits) {
  int different_bits = 0;
  constexpr int kPairs = 1000;
  for (int i = 0; i < kPairs; ++i) {
    const auto a = first_block(SeedSequence(1).child(i).stream());
    const auto b = first_block(SeedSequence(1).child(i + 1).stream());
    for (std::size_t w = 0; w < 4; ++w) different_bits += __builtin_popcount(a[w] ^ b[w]);
  }

  EXPECT_NEAR(different_bits, 64.0 * kPairs, 5 * std::sqrt(32.0 * kPairs));
}

TEST(KeyedPermutation, IsABijectionForEverySize) {
  for (std::uint64_t size = 1; size < 300; ++size) {
    for (const std::uint64_t key : {0ull, 1ull, 0xdeadbeefcafef00dull}) {
      const KeyedPermutation permutation(size, key);
      std::vector<bool> hit(size);
      for (std::uint64_t i = 0; i < size; ++i) {
        const std::uint64_t to = permutation(i);
        ASSERT_LT(to, size);
        ASSERT_FALSE(hit[to]) << size << ' ' << i;
        hit[to] = true;
      }
    }
  }
}

TEST(KeyedPermutation, IsABijectionAroundPowersOfTwo) {
  for (const std::uint64_t size : {1023u, 1024u, 1025u, 4095u, 4096u, 4097u, 65537u}) {
    const KeyedPermutation permutation(size, 99);
    std::vector<bool> hit(size);
    for (std::uint64_t i = 0; i < size; ++i) hit[permutation(i)] = true;
    EXPECT_EQ(std::count(hit.begin(), hit.end(), true), static_cast<std::ptrdiff_t>(size));
  }
}

TEST(KeyedPermutation, HandlesTheEnds) {
  EXPECT_THROW((void)KeyedPermutation(0, 1)(0), InternalError);
  EXPECT_EQ(KeyedPermutation(1, 1)(0), 0u);
  EXPECT_THROW((void)KeyedPermutation(5, 1)(5), InternalError);
  const std::uint64_t huge = ~std::uint64_t{0};
  EXPECT_LT(KeyedPermutation(huge, 1)(huge - 1), huge);
  std::set<std::uint64_t> orders_of_two;
  for (std::uint64_t key = 0; key < 64; ++key) orders_of_two.insert(KeyedPermutation(2, key)(0));
  EXPECT_EQ(orders_of_two, (std::set<std::uint64_t>{0, 1}));
}

TEST(KeyedPermutation, SendsEachPositionEverywhere) {
  constexpr std::uint64_t kSize = 10;
  constexpr int kKeys = 20000;
  for (const std::uint64_t position : {0u, 4u, 9u}) {
    std::vector<int> counts(kSize);
    for (int key = 0; key < kKeys; ++key)
      ++counts[KeyedPermutation(kSize, SeedSequence(2).child(key).value())(position)];
    EXPECT_LT(chi_square(counts, kKeys / 10.0), 27.9) << position;  // 9 degrees of freedom, p = 0.001
  }
}

TEST(KeyedPermutation, LeavesNoNeighboursTogether) {
  constexpr std::uint64_t kSize = 100000;
  const KeyedPermutation permutation(kSize, 12345);
  int adjacent = 0;
  for (std::uint64_t i = 0; i + 1 < kSize; ++i) {
    const std::uint64_t a = permutation(i), b = permutation(i + 1);
    adjacent += (a > b ? a - b : b - a) == 1;
  }

  EXPECT_LT(adjacent, 12);  // 2 are expected
}

}  // namespace
}  // namespace graftage::core

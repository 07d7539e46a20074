#include "graftage/core/seed.hpp"

#include "graftage/core/error.hpp"

#include <Random123/philox.h>

#include <bit>
#include <cmath>
#include <numbers>

namespace graftage::core {

namespace {

using Philox = r123::Philox4x32;  // ten rounds

std::uint32_t low_word(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
std::uint32_t high_word(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }

struct Key {
  std::uint64_t high;
  std::uint64_t low;
};

/// Absorbs 64 bits into a 128-bit key: a Philox block keyed by the upper half, counting (lower half, word).
/// For a fixed key different words give different results, as Philox permutes its counters.
Key absorb(Key key, std::uint64_t word) {
  const Philox::ctr_type counter = {{low_word(key.low), high_word(key.low), low_word(word), high_word(word)}};
  const Philox::key_type block_key = {{low_word(key.high), high_word(key.high)}};
  const Philox::ctr_type block = Philox()(counter, block_key);
  return {std::uint64_t{block[1]} << 32 | block[0], std::uint64_t{block[3]} << 32 | block[2]};
}

// The last word absorbed tells the kinds of children apart: child("\1...") is never child(1).
constexpr std::uint64_t kRootTag = 0x67726166'74616765;  // "graftage"
constexpr std::uint64_t kIndexTag = 0x69'6e64'6578;      // "index"
constexpr std::uint64_t kTextTag = 0x74657874'00000000;  // "text", plus its length

}  // namespace

RandomStream::RandomStream(std::uint64_t key_high, std::uint64_t key_low)
    : key_{low_word(key_high), high_word(key_high)}, counter_{0, 0, low_word(key_low), high_word(key_low)} {}

void RandomStream::refill() {
  const Philox::ctr_type counter = {{counter_[0], counter_[1], counter_[2], counter_[3]}};
  const Philox::key_type key = {{key_[0], key_[1]}};
  const Philox::ctr_type block = Philox()(counter, key);
  for (std::size_t i = 0; i < 4; ++i) block_[i] = block[i];
  if (++counter_[0] == 0) ++counter_[1];  // the upper two words belong to the key
  used_ = 0;
}

RandomStream::result_type RandomStream::operator()() {
  if (used_ == 4) refill();
  return block_[used_++];
}

double RandomStream::uniform() {
  const std::uint64_t high = (*this)() >> 5;  // 27 bits
  const std::uint64_t low = (*this)() >> 6;   // 26 bits
  return static_cast<double>(high << 26 | low) * 0x1p-53;
}

std::uint64_t RandomStream::below(std::uint64_t bound) {
  GRAFTAGE_CHECK(bound > 0);
  if (bound <= std::uint64_t{1} << 32) {  // Lemire 2019: multiply, reject the few values that would be too likely
    const std::uint64_t reject_below = (std::uint64_t{1} << 32) % bound;
    for (;;) {
      const std::uint64_t product = std::uint64_t{(*this)()} * bound;
      if (low_word(product) >= reject_below) return product >> 32;
    }
  }
  const std::uint64_t reject_below = (0 - bound) % bound;  // 2^64 mod bound
  for (;;) {
    const std::uint64_t high = (*this)();
    const std::uint64_t value = high << 32 | (*this)();
    if (value >= reject_below) return value % bound;
  }
}

double RandomStream::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

SeedSequence::SeedSequence(std::uint64_t root_seed) : high_(0), low_(0) {
  const Key key = absorb(absorb({0, 0}, root_seed), kRootTag);
  high_ = key.high;
  low_ = key.low;
}

SeedSequence SeedSequence::child(std::string_view purpose) const {
  Key key{high_, low_};
  for (std::size_t begin = 0; begin < purpose.size(); begin += 8) {
    std::uint64_t word = 0;
    for (std::size_t i = begin; i < begin + 8 && i < purpose.size(); ++i)
      word |= std::uint64_t{static_cast<unsigned char>(purpose[i])} << 8 * (i - begin);
    key = absorb(key, word);
  }
  key = absorb(key, kTextTag + purpose.size());
  return {key.high, key.low};
}

SeedSequence SeedSequence::child(std::int64_t index) const {
  const Key key = absorb(absorb({high_, low_}, static_cast<std::uint64_t>(index)), kIndexTag);
  return {key.high, key.low};
}

KeyedPermutation::KeyedPermutation(std::uint64_t size, std::uint64_t key)
    : size_(size), key_(key), half_bits_(size <= 4 ? 1 : (static_cast<unsigned>(std::bit_width(size - 1)) + 1) / 2) {}

std::uint64_t KeyedPermutation::operator()(std::uint64_t position) const {
  constexpr std::uint32_t kRounds = 8;
  GRAFTAGE_CHECK(position < size_, position, size_);
  if (size_ == 1) return 0;
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  const Philox::key_type key = {{low_word(key_), high_word(key_)}};
  do {  // the network permutes a power of four of at most 4 * size values: four passes on average at most
    std::uint64_t left = position >> half_bits_;
    std::uint64_t right = position & mask;
    for (std::uint32_t round = 0; round < kRounds; ++round) {
      const Philox::ctr_type counter = {{low_word(right), round, half_bits_, 0}};
      const std::uint64_t next = left ^ (Philox()(counter, key)[0] & mask);
      left = right;
      right = next;
    }
    position = left << half_bits_ | right;
  } while (position >= size_);
  return position;
}

}  // namespace graftage::core

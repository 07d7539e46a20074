#include "graftage/train/tensor_memory.hpp"

#include "graftage/core/allocator.hpp"
#include "train/block_cache.hpp"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <c10/util/Exception.h>

namespace graftage::train {

namespace {

/// Smaller ones are glibc's: a block has whole huge pages.
constexpr std::size_t kLarge = BlockCache::kPage;

/// Tensors may be freed after the last destructor has run, so this lives for ever.
BlockCache& cache() {
  static auto* blocks = new BlockCache;
  return *blocks;
}

void release(void* block) {
  if (!cache().give_back(block)) c10::free_cpu(block);
}

class TensorMemory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    void* block = bytes < kLarge ? c10::alloc_cpu(bytes) : cache().take(bytes);
    TORCH_CHECK(block != nullptr || bytes == 0, "out of memory: ", bytes, " bytes for a tensor");
    return {block, block, &release, c10::Device(c10::DeviceType::CPU)};
  }
  [[nodiscard]] c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }
};

}  // namespace

void configure_tensor_memory() {
  if (!core::allocator_is_ours()) return;
  static auto* memory = new TensorMemory;
  c10::SetCPUAllocator(memory, /*priority=*/1);
}

}  // namespace graftage::train

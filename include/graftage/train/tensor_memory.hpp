#pragma once

namespace graftage::train {

/// Makes LibTorch keep the memory of large tensors for the next ones, in huge pages where the kernel grants them. A
/// training step frees hundreds of megabytes and asks for as many again, in sizes that differ a little: returning them
/// to the kernel costs a quarter of a step in page faults, and glibc's heap, told to keep them, needs a third more for
/// its holes [measured]. Here pages move to where they are needed. Once a process, before the first large tensor;
/// leaves LibTorch's own allocator alone where the environment steers it (GLIBC_TUNABLES, MALLOC_*).
void configure_tensor_memory();

}  // namespace graftage::train

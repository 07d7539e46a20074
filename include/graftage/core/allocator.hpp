#pragma once

#include <string>

namespace graftage::core {

/// Lets glibc keep freed memory instead of giving every large tensor back to the kernel and clearing fresh pages for
/// the next one (performance 2.7; a masking step at 5 x 300 and batch 256 runs 1.09 times as fast [measured]). Call it
/// before the first large allocation. Does nothing where the user steers the allocator (GLIBC_TUNABLES, MALLOC_*) or it
/// is not glibc's.
/// @return what holds now, for a person: "freed memory is kept", "as the environment says"
std::string configure_allocator();

/// Whether the user leaves the allocator to the program: none of the variables above is set.
[[nodiscard]] bool allocator_is_ours();

}  // namespace graftage::core

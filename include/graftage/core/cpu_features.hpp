#pragma once

#include <string>

namespace graftage::core {

/// What decides which matrix products a processor is good at; as the kernel lets this process use it.
struct CpuFeatures {
  bool avx2 = false;
  bool avx512 = false;  ///< F, BW, DQ and VL
  bool avx512_bf16 =
      false;  ///< bfloat16 dot products in vector registers: twice float32 on Zen 4, less on Intel [measured]
  bool amx_bf16 = false;  ///< bfloat16 matrix tiles, and the kernel grants them
  /// "AVX-512, AMX bf16": the best of each kind, or "baseline".
  [[nodiscard]] std::string describe() const;
};

/// Of the processor this process runs on; asks once (and, with AMX, asks the kernel for the tile registers).
[[nodiscard]] const CpuFeatures& cpu_features();

}  // namespace graftage::core

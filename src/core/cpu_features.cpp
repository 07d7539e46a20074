#include "graftage/core/cpu_features.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace graftage::core {

namespace {

#if defined(__x86_64__)

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf) {
  Registers r;
  if (__get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx) == 0) return {};
  return r;
}

bool bit(unsigned value, unsigned position) { return ((value >> position) & 1U) != 0; }

/// Linux saves the tile registers of a process only if it asked for them (arch_prctl, since 5.16).
bool kernel_grants_tiles() {
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int kTileData = 18;               // XFEATURE_XTILEDATA
  return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

CpuFeatures detect() {
  CpuFeatures features;
  features.avx2 = __builtin_cpu_supports("avx2");
  features.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  features.avx512_bf16 = features.avx512 && bit(cpuid(7, 1).eax, 5);
  const unsigned extended = cpuid(7, 0).edx;
  features.amx_bf16 = features.avx512 && bit(extended, 22) && bit(extended, 24) && kernel_grants_tiles();
  return features;
}

#else

CpuFeatures detect() { return {}; }

#endif

}  // namespace

std::string CpuFeatures::describe() const {
  std::string text = avx512 ? "AVX-512" : avx2 ? "AVX2" : "baseline";
  if (avx512_bf16) text += ", AVX-512 bf16";
  if (amx_bf16) text += ", AMX bf16";
  return text;
}

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = detect();
  return features;
}

}  // namespace graftage::core

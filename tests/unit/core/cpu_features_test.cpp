#include "graftage/core/cpu_features.hpp"

#include "graftage/core/machine.hpp"

#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>

namespace graftage::core {
namespace {

TEST(CpuFeatures, AgreeWithTheKernelsList) {
  const auto text = read_kernel_text("/proc/cpuinfo");
  const std::size_t line = text ? text->find("\nflags") : std::string::npos;
  if (line == std::string::npos) GTEST_SKIP() << "/proc/cpuinfo names no flags here";
  std::istringstream words(text->substr(line, text->find('\n', line + 1) - line));
  std::set<std::string> flags;
  for (std::string word; words >> word;) flags.insert(word);

  const CpuFeatures& features = cpu_features();
  EXPECT_EQ(features.avx2, flags.contains("avx2"));
  EXPECT_EQ(features.avx512, flags.contains("avx512f") && flags.contains("avx512bw") && flags.contains("avx512dq") &&
                                 flags.contains("avx512vl"));
  EXPECT_EQ(features.avx512_bf16, flags.contains("avx512_bf16"));
  EXPECT_LE(features.amx_bf16, flags.contains("amx_bf16"));  // the kernel may refuse the tiles
}

TEST(CpuFeatures, AreDescribedInOneLine) {
  EXPECT_EQ(CpuFeatures{}.describe(), "baseline");
  EXPECT_EQ((CpuFeatures{.avx2 = true, .avx512 = true, .avx512_bf16 = true, .amx_bf16 = true}.describe()),
            "AVX-512, AVX-512 bf16, AMX bf16");
}

}  // namespace
}  // namespace graftage::core

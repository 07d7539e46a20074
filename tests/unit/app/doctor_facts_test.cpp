// What doctor reads, from texts of the kernel: no machine is asked.
#include "app/doctor_facts.hpp"

#include "app/doctor_directory.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

namespace graftage::app {
namespace {

using Texts = std::vector<std::string>;

TEST(DoctorFacts, ReadsTheProcessor) {
  const ProcessorInfo info = parse_cpuinfo(
      "processor\t: 0\nmodel name\t: Intel(R) Xeon(R) Platinum 8480+\nflags\t\t: fpu avx2 avx512f amx_bf16 amx_tile\n\n"
      "processor\t: 1\nmodel name\t: another\nflags\t\t: fpu\n");

  EXPECT_EQ(info.model, "Intel(R) Xeon(R) Platinum 8480+");
  EXPECT_TRUE(info.has_amx);
  EXPECT_FALSE(parse_cpuinfo("model name : AMD EPYC\nflags : avx2 avx512_bf16\n").has_amx);
  EXPECT_EQ(parse_cpuinfo("").model, "unknown processor");
}

TEST(DoctorFacts, FindsEveryOpenMpRuntimeOnce) {
  const std::string maps =
      "7f0000000000-7f0000001000 r-xp 00000000 fe:00 11   /opt/torch/lib/libgomp-24e2ab19.so.1.0.0\n"
      "7f0000001000-7f0000002000 r--p 00001000 fe:00 11   /opt/torch/lib/libgomp-24e2ab19.so.1.0.0\n"
      "7f0000003000-7f0000004000 r-xp 00000000 fe:00 12   /usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0\n"
      "7f0000005000-7f0000006000 r-xp 00000000 fe:00 13   /usr/lib/libompitrace.so.40\n"
      "7f0000007000-7f0000008000 r-xp 00000000 fe:00 14   /usr/lib/libopen-pal.so.40\n"
      "7ffd00000000-7ffd00001000 rw-p 00000000 00:00 0    [stack]\n";

  EXPECT_EQ(openmp_runtimes(maps),
            (Texts{"/opt/torch/lib/libgomp-24e2ab19.so.1.0.0", "/usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0"}));
  EXPECT_EQ(openmp_runtimes("1-2 r-xp 0 0 1 /a/libiomp5.so\n3-4 r-xp 0 0 2 /b/libomp.so.5\n"),
            (Texts{"/a/libiomp5.so", "/b/libomp.so.5"}));
  EXPECT_EQ(openmp_runtimes(""), Texts{});
}

TEST(DoctorFacts, NamesTheAllocator) {
  EXPECT_EQ(allocator_of("1-2 r-xp 0 0 1 /usr/lib/libjemalloc.so.2\n3-4 r-xp 0 0 1 /lib/libc.so.6\n"), "jemalloc");
  EXPECT_EQ(allocator_of("3-4 r-xp 0 0 1 /lib/libc.so.6\n"), "glibc");
}

TEST(DoctorFacts, ReadsMemory) {
  const MemoryInfo memory = parse_meminfo("MemTotal:       2048 kB\nMemFree: 1 kB\nMemAvailable:    1024 kB\n");

  EXPECT_EQ(memory.total, 2048U * 1024);
  EXPECT_EQ(memory.available, 1024U * 1024);
  EXPECT_EQ(parse_meminfo("").total, 0U);
}

TEST(DoctorFacts, TravelAsText) {
  RankFacts facts = gather_rank_facts();
  facts.clock = 1.75e9 + 0.125;
  facts.sees_probe = true;

  const RankFacts back = RankFacts::from_text(facts.to_text());

  EXPECT_EQ(back.to_text(), facts.to_text());
  EXPECT_EQ(back.allowed_cpus, facts.allowed_cpus);
  EXPECT_FALSE(facts.allowed_cpus.empty());
  EXPECT_FALSE(facts.host.empty());
  EXPECT_NE(facts.libraries.find("LibTorch"), std::string::npos) << facts.libraries;
  EXPECT_GT(facts.memory_bytes, facts.available_bytes / 2);
}

constexpr const char* kMounts =
    "21 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
    "30 21 0:25 / /scratch rw shared:5 - lustre 10.0.0.1@tcp:/fs rw\n"
    "31 30 0:26 / /scratch/tmp rw - tmpfs tmpfs rw\n"
    "32 21 0:27 / /with\\040space rw - nfs4 server:/x rw\n";

TEST(DoctorDirectory, FindsTheDeepestMount) {
  EXPECT_EQ(file_system_of(kMounts, "/home/me"), "ext4");
  EXPECT_EQ(file_system_of(kMounts, "/scratch/run"), "lustre");
  EXPECT_EQ(file_system_of(kMounts, "/scratch/tmp/x"), "tmpfs");
  EXPECT_EQ(file_system_of(kMounts, "/scratches"), "ext4");
  EXPECT_EQ(file_system_of(kMounts, "/with space/a"), "nfs4");
  EXPECT_EQ(file_system_of("nonsense\n", "/a"), "");
  EXPECT_TRUE(is_node_local("ext4"));
  EXPECT_TRUE(is_in_memory("tmpfs"));
  EXPECT_FALSE(is_node_local("lustre"));
  EXPECT_FALSE(is_in_memory("xfs"));
}

TEST(DoctorDirectory, ProbesTheNearestAncestorAndLeavesNothing) {
  const graftage::testing::TemporaryDirectory scratch;
  std::filesystem::path file;
  {
    const DirectoryProbe probe(scratch.path() / "runs" / "new");

    file = probe.file();
    EXPECT_TRUE(std::filesystem::exists(file));
    EXPECT_EQ(probe.facts().problem, "");
    EXPECT_EQ(probe.facts().sync_problem, "");
    EXPECT_EQ(probe.facts().probed, scratch.path());
    EXPECT_EQ(probe.facts().lock_problem, "");
    EXPECT_GT(probe.facts().free_bytes, 0U);
    EXPECT_LT(std::abs(probe.facts().clock_skew), 60.0);
  }
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_FALSE(std::filesystem::exists(scratch.path() / "runs"));
}

TEST(DoctorDirectory, SaysWhyNothingCanBeWritten) {
  const graftage::testing::TemporaryDirectory scratch;
  { std::ofstream(scratch.path() / "file") << "x"; }
  const DirectoryProbe file(scratch.path() / "file");
  EXPECT_EQ(file.facts().problem, "is not a directory");
  EXPECT_EQ(file.facts().code, core::ExitCode::CannotCreate);
  EXPECT_TRUE(file.file().empty());

  const DirectoryProbe kernel("/proc/self/fd/none");  // nobody may make files there
  EXPECT_NE(kernel.facts().problem, "");
  EXPECT_TRUE(kernel.file().empty());
}

}  // namespace
}  // namespace graftage::app

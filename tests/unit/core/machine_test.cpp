#include "graftage/core/machine.hpp"

#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sched.h>
#include <thread>

namespace graftage::core {
namespace {

using Cpus = std::vector<int>;

void put(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

TEST(Machine, ReadsAndWritesListsOfProcessors) {
  EXPECT_EQ(parse_cpu_list("0-3,8\n"), (Cpus{0, 1, 2, 3, 8}));
  EXPECT_EQ(parse_cpu_list("7"), Cpus{7});
  EXPECT_EQ(parse_cpu_list(""), Cpus{});
  EXPECT_EQ(parse_cpu_list("3-1"), Cpus{});
  EXPECT_EQ(parse_cpu_list("0-x"), Cpus{});
  EXPECT_EQ(parse_cpu_list("0-99999999999"), Cpus{});
  EXPECT_EQ(format_cpu_list({0, 1, 2, 5, 7, 8}), "0-2,5,7-8");
  EXPECT_EQ(format_cpu_list({}), "");
}

TEST(Machine, UsesTheSmallestLimitOfAllLevelsOfVersionTwo) {
  const graftage::testing::TemporaryDirectory root;
  put(root.path() / "a/cpu.max", "150000 100000\n");
  put(root.path() / "a/b/cpu.max", "max 100000\n");
  put(root.path() / "a/memory.max", "max\n");
  put(root.path() / "a/b/memory.max", "1073741824\n");

  const GroupLimits limits = read_group_limits("0::/a/b\n", root.path());

  EXPECT_EQ(limits.processors, 1.5);
  EXPECT_EQ(limits.memory_bytes, 1073741824U);
}

TEST(Machine, ReadsVersionOneAlsoWhereControllersShareAMount) {
  const graftage::testing::TemporaryDirectory root;
  put(root.path() / "cpu,cpuacct/job/cpu.cfs_quota_us", "400000\n");
  put(root.path() / "cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  put(root.path() / "memory/memory.limit_in_bytes", "9223372036854771712\n");
  put(root.path() / "memory/job/memory.limit_in_bytes", "2000000000\n");

  const GroupLimits limits = read_group_limits("9:name=systemd:/\n4:memory:/job\n2:cpu,cpuacct:/job\n", root.path());

  EXPECT_EQ(limits.processors, 4.0);
  EXPECT_EQ(limits.memory_bytes, 2000000000U);
}

TEST(Machine, NoGroupsMeanNoLimit) {
  const graftage::testing::TemporaryDirectory root;
  put(root.path() / "cpu/cpu.cfs_quota_us", "-1\n");
  put(root.path() / "cpu/cpu.cfs_period_us", "100000\n");
  put(root.path() / "memory/memory.limit_in_bytes", "9223372036854771712\n");

  for (const char* membership : {"", "1:cpu:/\n4:memory:/gone\n", "nonsense\n"}) {
    const GroupLimits limits = read_group_limits(membership, root.path());
    EXPECT_FALSE(limits.processors.has_value()) << membership;
    EXPECT_FALSE(limits.memory_bytes.has_value()) << membership;
  }
}

TEST(Machine, AQuotaLimitsWhatIsUsable) {
  Processors processors{.allowed = {0, 1, 2, 3, 4, 5, 6, 7}, .num_cores = 4, .num_online = 16, .quota = 2.5};

  EXPECT_EQ(processors.usable_cores(), 2);
  EXPECT_EQ(processors.usable_threads(), 2);
  EXPECT_TRUE(processors.is_bound());
  processors.quota = 0.3;
  EXPECT_EQ(processors.usable_cores(), 1);
  processors.quota.reset();
  EXPECT_EQ(processors.usable_cores(), 4);
  EXPECT_EQ(processors.usable_threads(), 8);
}

TEST(Machine, SeesTheAffinityOfThisProcess) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  const Cpus allowed = processors_of_this_process().allowed;
  ASSERT_FALSE(allowed.empty());

  Cpus narrowed;
  int cores = 0;
  std::thread([&] {  // a thread has a mask of its own
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(allowed.back(), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    const Processors processors = processors_of_this_process();
    narrowed = processors.allowed;
    cores = processors.num_cores;
  })
      .join();

  EXPECT_EQ(narrowed, Cpus{allowed.back()});
  EXPECT_EQ(cores, 1);
  EXPECT_EQ(static_cast<int>(allowed.size()), CPU_COUNT(&before));
}

}  // namespace
}  // namespace graftage::core

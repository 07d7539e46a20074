// What works without MPI_Init: the group of one rank, agreement in it, cutting of long messages, the launch check.
#include "graftage/core/error.hpp"
#include "graftage/mpi/agreement.hpp"
#include "graftage/mpi/communicator.hpp"
#include "graftage/mpi/session.hpp"
#include "mpi/chunks.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <string>
#include <vector>

namespace graftage::mpi {
namespace {

TEST(SelfCommunicator, IsOneRankWithoutASession) {
  const Communicator self = Communicator::self();
  std::vector<int> values{1, 2, 3};

  EXPECT_FALSE(is_initialized());
  EXPECT_EQ(self.rank(), 0);
  EXPECT_EQ(self.size(), 1);
  EXPECT_TRUE(self.is_root());
  self.barrier();
  self.wait_for_all();
  self.broadcast(std::span(values));
  EXPECT_EQ(self.all_gather<int>(values), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(self.sum(5), 5);
  EXPECT_EQ(self.max(std::int64_t{-5}), -5);
  EXPECT_EQ(self.max(-0.5), -0.5);
  EXPECT_EQ(self.broadcast_text("text"), "text");
  EXPECT_EQ(self.all_gather_text("text"), (std::vector<std::string>{"text"}));
  EXPECT_EQ(self.split(3).size(), 1);
}

TEST(Launch, IsReadFromTheLaunchersVariables) {
  using Environment = std::map<std::string, std::string>;

  const Launch none = read_launch(Environment{{"PMIX_RANK", "0"}});
  EXPECT_EQ(none.launcher + none.wire_up, "");
  EXPECT_EQ(none.num_tasks, 0);
  const Launch mpirun = read_launch(Environment{
      {"OMPI_COMM_WORLD_SIZE", "3"}, {"PMIX_RANK", "1"}, {"SLURM_STEP_NUM_TASKS", "1"}});  // inside an allocation
  EXPECT_EQ(mpirun.launcher, "mpirun");
  EXPECT_EQ(mpirun.num_tasks, 3);
  EXPECT_EQ(mpirun.wire_up, "PMIx");
  const Launch srun = read_launch(Environment{{"SLURM_STEP_NUM_TASKS", "4"}});
  EXPECT_EQ(srun.launcher, "srun");
  EXPECT_EQ(srun.num_tasks, 4);
  EXPECT_EQ(srun.wire_up, "");
  EXPECT_EQ(read_launch(Environment{{"PMI_SIZE", "2"}, {"PMI_RANK", "0"}}).wire_up, "PMI");
}

TEST(Launch, NamesTheLibrary) {
  const std::string version = library_version();
  EXPECT_FALSE(version.empty());
  EXPECT_EQ(version.find(','), std::string::npos);
  EXPECT_NE(version.find_first_of("0123456789"), std::string::npos) << version;
}

TEST(SelfCommunicator, RefusesPartnersThatDoNotExist) {
  const Communicator self = Communicator::self();
  int value = 0;

  EXPECT_THROW(self.send(std::span<const int>(&value, 1), 0, 1), core::InternalError);
  EXPECT_THROW(self.receive(std::span(&value, 1), 0, 1), core::InternalError);
  EXPECT_THROW(self.broadcast(std::span(&value, 1), 1), core::InternalError);
  EXPECT_THROW((void)self.split(-1), core::InternalError);
  EXPECT_THROW((void)Communicator::world(), core::InternalError);
}

TEST(Agreement, KeepsCodeAndTextOnOneRank) {
  const Communicator self = Communicator::self();

  EXPECT_NO_THROW(agree(self, [] {}));
  try {
    agree(self, [] { throw core::DataError("a.h5", "/x", "bad"); });
    FAIL();
  } catch (const AgreedError& error) {
    EXPECT_EQ(error.exit_code(), core::ExitCode::BadData);
    EXPECT_STREQ(error.what(), "a.h5 [/x]: bad");
    EXPECT_EQ(error.rank(), 0);
  }
  EXPECT_TRUE(any_of(self, true));
  EXPECT_FALSE(any_of(self, false));
}

std::vector<std::pair<std::size_t, int>> chunks(std::size_t total, std::size_t limit) {
  std::vector<std::pair<std::size_t, int>> result;
  detail::for_each_chunk(total, limit, [&](std::size_t offset, int count) { result.emplace_back(offset, count); });
  return result;
}

TEST(Chunks, CoverTheMessageOnceInOrder) {
  using Pieces = std::vector<std::pair<std::size_t, int>>;
  EXPECT_EQ(chunks(0, 4), (Pieces{{0, 0}}));
  EXPECT_EQ(chunks(3, 4), (Pieces{{0, 3}}));
  EXPECT_EQ(chunks(4, 4), (Pieces{{0, 4}}));
  EXPECT_EQ(chunks(9, 4), (Pieces{{0, 4}, {4, 4}, {8, 1}}));
  const std::size_t beyond_int = std::size_t{5} << 30;
  std::size_t covered = 0;
  for (const auto& [offset, count] : chunks(beyond_int + 7, detail::kChunkBytes)) {
    EXPECT_EQ(offset, covered);
    EXPECT_GT(count, 0);
    covered += static_cast<std::size_t>(count);
  }
  EXPECT_EQ(covered, beyond_int + 7);
}

TEST(LaunchProblem, IsFoundFromTheEnvironment) {
  using Environment = std::map<std::string, std::string>;
  const Environment srun{{"SLURM_STEP_NUM_TASKS", "4"}};
  const Environment mpirun_in_step{{"SLURM_STEP_NUM_TASKS", "4"}, {"OMPI_COMM_WORLD_SIZE", "1"}};

  EXPECT_EQ(launch_problem(1, Environment{}), "");
  EXPECT_EQ(launch_problem(4, srun), "");
  EXPECT_EQ(launch_problem(1, mpirun_in_step), "");
  EXPECT_EQ(launch_problem(1, Environment{{"SLURM_STEP_NUM_TASKS", "1"}}), "");
  EXPECT_NE(launch_problem(1, srun).find("srun (SLURM_STEP_NUM_TASKS) started 4 tasks"), std::string::npos);
  EXPECT_NE(launch_problem(1, srun).find("--mpi=pmix"), std::string::npos);
  EXPECT_NE(launch_problem(1, Environment{{"OMPI_COMM_WORLD_SIZE", "2"}}).find("mpirun"), std::string::npos);
  EXPECT_NE(launch_problem(1, Environment{{"PMI_SIZE", "3"}}).find("started 3 tasks"), std::string::npos);
}

}  // namespace
}  // namespace graftage::mpi

#include "graftage/slurm/queue.hpp"

#include "graftage/core/error.hpp"
#include "unit/slurm/fake_commands.hpp"

#include <gtest/gtest.h>

namespace graftage::slurm {
namespace {

TEST(ParseQueue, ReadsJobsAndArrayMembers) {
  const auto entries = parse_queue("12|RUNNING|None\n13_4|PENDING|BeginTime\n13_5|COMPLETING|TimeLimit\n");

  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].job, JobId(12));
  EXPECT_FALSE(entries[0].member.has_value());
  EXPECT_EQ(entries[0].state, JobState::Running);
  EXPECT_EQ(entries[1].job, JobId(13));
  EXPECT_EQ(entries[1].member, 4);
  EXPECT_EQ(entries[1].state, JobState::Pending);
  EXPECT_EQ(entries[1].reason, "BeginTime");
  EXPECT_EQ(entries[2].state, JobState::Completing);
}

TEST(ParseQueue, AnEmptyAnswerIsAnEmptyQueue) {
  EXPECT_TRUE(parse_queue("").empty());
  EXPECT_TRUE(parse_queue("\n").empty());
}

TEST(ParseQueue, RefusesWhatItDoesNotKnow) {
  for (const char* line :
       {"12|RUNNING", "x|RUNNING|None", "12_|RUNNING|None", "13_[4-5]|PENDING|None", "-1|RUNNING|None",
        "12|SLEEPING|None", "12|running|None", "slurm_load_jobs error: Unable to contact"})
    EXPECT_THROW((void)parse_queue(line), core::DataError) << line;
}

class Queue : public FakeCommands {};

TEST_F(Queue, AsksOnceForAllJobsOfAName) {
  add("squeue", "echo \"$@\" >>$here/calls; echo '7_0|RUNNING|None'; echo '7_1|PENDING|Resources'");

  const auto entries = queue(JobName("graftage-sweep"));

  EXPECT_EQ(entries.size(), 2U);
  EXPECT_EQ(read("calls"), "--me --noheader --array --name=graftage-sweep --format=%i|%T|%r\n");
}

TEST_F(Queue, SaysWhySqueueFailed) {
  add("squeue", "echo 'slurm_load_jobs error: Zero Bytes were transmitted' >&2; exit 1");

  try {
    (void)queue(JobName("a"));
    FAIL();
  } catch (const core::IoError& error) {
    EXPECT_STREQ(error.what(), "squeue failed: slurm_load_jobs error: Zero Bytes were transmitted; try again later");
  }
}

}  // namespace
}  // namespace graftage::slurm

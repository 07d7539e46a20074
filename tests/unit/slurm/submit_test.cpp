#include "graftage/slurm/submit.hpp"

#include "graftage/core/error.hpp"
#include "unit/slurm/fake_commands.hpp"

#include <gtest/gtest.h>

namespace graftage::slurm {
namespace {

using namespace std::chrono_literals;

TEST(ParseJobId, ReadsBothFormsAndNothingElse) {
  EXPECT_EQ(parse_job_id("123\n").value, 123);
  EXPECT_EQ(parse_job_id("9000000001;cluster\n").value, 9000000001);
  for (const char* answer :
       {"", "\n", "0", "-3", "12x", "Submitted batch job 12", ";c", "12\n13", "99999999999999999999"})
    EXPECT_THROW((void)parse_job_id(answer), core::DataError) << answer;
}

class Submit : public FakeCommands {
 protected:
  std::filesystem::path script_ = write("job.sbatch", "#!/bin/bash\n");
  SubmitOptions quick_{.attempts = 3, .wait_after_failure = 1ms};
};

TEST_F(Submit, PassesArgumentsWithoutAShell) {
  add("sbatch", "printf '%s\\0' \"$@\" >$here/arguments\necho 77");

  const JobId job = submit(script_, {"study.yaml", "a b", "$(touch $here/x)", "'"},
                           {.dependencies = {{After::Success, JobId(12)}, {After::Any, JobId(13)}}});

  EXPECT_EQ(job, JobId(77));
  std::string expected;
  for (const std::string& word : {std::string("--parsable"), std::string("--dependency=afterok:12,afterany:13"),
                                  std::string("--kill-on-invalid-dep=yes"), script_.string(), std::string("study.yaml"),
                                  std::string("a b"), std::string("$(touch $here/x)"), std::string("'")})
    expected += word + '\0';
  EXPECT_EQ(read("arguments"), expected);
}

TEST_F(Submit, TriesAgainWhileNoControllerAnswers) {
  add("sbatch", R"(echo x >>$here/calls
[ $(wc -l <$here/calls) -ge 3 ] && echo 5 && exit
echo 'sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)' >&2
exit 1)");

  const JobId job = submit(script_, {}, quick_);

  EXPECT_EQ(job, JobId(5));
  EXPECT_EQ(read("calls"), "x\nx\nx\n");
}

TEST_F(Submit, GivesUpAfterTheLastAttempt) {
  add("sbatch", "echo x >>$here/calls; echo 'Unable to contact slurm controller' >&2; exit 1");

  EXPECT_THROW((void)submit(script_, {}, quick_), core::IoError);

  EXPECT_EQ(read("calls"), "x\nx\nx\n");
}

TEST_F(Submit, NeverSubmitsTwiceWhatMayHaveBeenAccepted) {
  add("sbatch", "echo x >>$here/calls; echo 'Socket timed out on send/recv operation' >&2; exit 1");

  EXPECT_THROW((void)submit(script_, {}, quick_), core::ConfigError);

  EXPECT_EQ(read("calls"), "x\n");
}

TEST_F(Submit, NamesTheScriptAndSlurmsReason) {
  add("sbatch", "echo 'sbatch: error: invalid partition specified: nope' >&2; exit 1");

  try {
    (void)submit(script_, {}, quick_);
    FAIL();
  } catch (const core::ConfigError& error) {
    EXPECT_EQ(std::string(error.what()),
              "sbatch refused " + script_.string() +
                  ": sbatch: error: invalid partition specified: nope; change the job's resources");
  }
}

TEST_F(Submit, NeedsTheScript) {
  EXPECT_THROW((void)submit(directory() / "absent.sbatch", {}, quick_), core::MissingInput);
}

}  // namespace
}  // namespace graftage::slurm

#include "graftage/slurm/job_script.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/process.hpp"
#include "unit/slurm/fake_commands.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace graftage::slurm {
namespace {

using namespace std::chrono_literals;

JobScript example() {
  JobScript script{.name = JobName("graftage-prompt-sweep")};
  script.command = {"graftage", "sweep", "--config", "a b's.yaml"};
  return script;
}

core::ProcessResult run(const std::vector<std::string>& argv) {
  core::ProcessOptions options;
  options.capture = true;
  return core::run_process(argv, options);
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const core::ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(JobScript, RendersDirectivesAndTheCommand) {
  JobScript script = example();
  script.launch = Launch::EveryTask;
  script.resources.nodes = 2;
  script.resources.tasks_per_node = 4;
  script.resources.cpus_per_task = 3;
  script.resources.time_limit = 24h + 90min + 5s;
  script.resources.warning = 600s;
  script.resources.partition = "short,long-2";
  script.resources.account = "chem";
  script.resources.array = ArrayRange{.first = 0, .last = 63, .parallel = 16};

  const std::string text = render(script);

  const std::string expected = R"(#!/bin/bash
#SBATCH --job-name=graftage-prompt-sweep
#SBATCH --nodes=2 --ntasks-per-node=4 --cpus-per-task=3
#SBATCH --time=1-01:30:05 --signal=B:USR1@600 --requeue
#SBATCH --output=%x-%A_%a.out --open-mode=append --kill-on-invalid-dep=yes
#SBATCH --partition=short,long-2
#SBATCH --account=chem
#SBATCH --array=0-63%16
set -uo pipefail
max_requeues=3
command=(srun --mpi=pmix --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" --kill-on-bad-exit=1
  'graftage' 'sweep' '--config' 'a b'\''s.yaml')

)";
  EXPECT_EQ(text, expected + std::string(job_body()));
}

TEST(JobScript, WritesItsOwnEnvironmentWhenItHasOne) {
  JobScript script = example();
  script.environment = {{"PATH", "/opt/a b:/usr/bin"}, {"OMP_PROC_BIND", "$(reboot)"}};

  const std::string text = render(script);

  EXPECT_NE(text.find("#SBATCH --export=NONE\n"), std::string::npos);
  EXPECT_NE(text.find("export OMP_PROC_BIND='$(reboot)'\nexport PATH='/opt/a b:/usr/bin'\n"), std::string::npos);
}

TEST(JobScript, ZeroRequeuesMeansNoRequeue) {
  JobScript script = example();
  script.resources.max_requeues = 0;

  const std::string text = render(script);

  EXPECT_NE(text.find(" --no-requeue\n"), std::string::npos);
  EXPECT_NE(text.find("max_requeues=0\n"), std::string::npos);
}

TEST(JobScript, RefusesNamesThatCouldBecomeDirectives) {
  for (const char* name :
       {"", "a\n#SBATCH --account=other", "-x", "../x", ".hidden", "a b", "a$(id)", "a;b", "tab\t", "\xc3\xa9"})
    EXPECT_THROW((JobName(name)), core::ConfigError) << name;
  EXPECT_THROW((JobName(std::string(65, 'a'))), core::ConfigError);
  EXPECT_EQ(JobName(std::string(64, 'a')).text().size(), 64U);
  EXPECT_EQ(
      error_of([] { JobName("a\nb"); }),
      "job script: name 'a?b' is not allowed; use a letter or digit, then up to 63 letters, digits, '.', '_' or '-'");
}

TEST(JobScript, RefusesEveryInvalidField) {
  const std::vector<std::function<void(JobScript&)>> changes = {
      [](JobScript& s) { s.resources.nodes = 0; },
      [](JobScript& s) { s.resources.tasks_per_node = -1; },
      [](JobScript& s) { s.resources.cpus_per_task = 1'000'001; },
      [](JobScript& s) { s.resources.time_limit = 59s; },
      [](JobScript& s) { s.resources.warning = 0s; },
      [](JobScript& s) { s.resources.time_limit = s.resources.warning; },
      [](JobScript& s) { s.resources.partition = "short\n#SBATCH --uid=0"; },
      [](JobScript& s) { s.resources.partition = "short,"; },
      [](JobScript& s) { s.resources.account = "-A"; },
      [](JobScript& s) { s.resources.account = std::string("a\0b", 3); },
      [](JobScript& s) { s.resources.array = ArrayRange{.first = 3, .last = 2, .parallel = 1}; },
      [](JobScript& s) { s.resources.array = ArrayRange{.first = 0, .last = 2, .parallel = 0}; },
      [](JobScript& s) { s.resources.max_requeues = -1; },
      [](JobScript& s) { s.command.clear(); },
      [](JobScript& s) { s.command.emplace_back("a\0b", 3); },
      [](JobScript& s) { s.environment["A=B"] = "x"; },
      [](JobScript& s) { s.environment["1A"] = "x"; },
      [](JobScript& s) { s.environment["A"] = std::string("\0", 1); },
  };
  EXPECT_NO_THROW((void)render(example()));
  for (std::size_t i = 0; i < changes.size(); ++i) {
    JobScript script = example();

    changes[i](script);

    EXPECT_THROW((void)render(script), core::ConfigError) << "change " << i;
  }
}

TEST(JobScript, QuotedWordsComeBackFromBashByteForByte) {
  std::mt19937 random(20240607);
  std::vector<std::string> words = {"", "'", "''", "\\", "$(reboot)", "`id`", "a\nb", "-n", "*", "~", "!!", "\"", "%s"};
  for (int i = 0; i < 300; ++i) {
    std::string word(random() % 40, ' ');
    for (char& c : word) c = static_cast<char>(1 + random() % 255);
    words.push_back(word);
  }
  std::string command = "printf '%s\\0'";
  std::string expected;
  for (const std::string& word : words) {
    command += " " + shell_quoted(word);
    expected += word + '\0';
  }

  const core::ProcessResult result = run({"bash", "-c", command});

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, expected);
}

/// Runs a rendered script as Slurm would, with scripts in place of squeue, scontrol and the program.
class RenderedJob : public FakeCommands {
 protected:
  RenderedJob() {
    add("squeue", "cat $here/state");
    add("scontrol", "echo \"$@\" >>$here/requeues");
    state("RUNNING None");
    script_.command = {(directory() / "program").string()};
  }
  void state(const std::string& text) { write("state", text + "\n"); }
  core::ProcessResult run_job() {
    core::ProcessOptions options;
    options.capture = true;
    options.set = {{"SLURM_JOB_ID", "41"}, {"SLURM_JOB_NODELIST", "node1"}, {"SLURM_SUBMIT_DIR", directory().string()}};
    options.set.insert(extra_.begin(), extra_.end());
    return core::run_process({"bash", write("job.sh", render(script_)).string()}, options);
  }
  JobScript script_ = example();
  std::map<std::string, std::string> extra_;
};

TEST_F(RenderedJob, HandsOnTheExitCode) {
  for (const int code : {0, 65, 81, 137}) {
    add("program", "exit " + std::to_string(code));

    const core::ProcessResult result = run_job();

    EXPECT_EQ(result.exit_code, code) << result.err;
    EXPECT_EQ(read("requeues"), "");
  }
}

TEST_F(RenderedJob, RequeuesAfterACheckpointAsOftenAsAllowed) {
  add("program", "exit 75");
  script_.resources.max_requeues = 2;

  const std::vector<int> codes = {run_job().exit_code, run_job().exit_code, run_job().exit_code};

  EXPECT_EQ(codes, (std::vector<int>{0, 0, 75}));
  EXPECT_EQ(read("requeues"), "requeue 41\nrequeue 41\n");
  EXPECT_EQ(read(".graftage-job-41.requeues"), "");
}

TEST_F(RenderedJob, RequeuesTheRightArrayMember) {
  add("program", "exit 75");
  extra_ = {{"SLURM_ARRAY_JOB_ID", "40"}, {"SLURM_ARRAY_TASK_ID", "7"}};

  const core::ProcessResult result = run_job();

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(read("requeues"), "requeue 40_7\n");
}

TEST_F(RenderedJob, RequeuesPastTheTimeLimitButNotWhenCancelledOrPreempted) {
  add("program", "exit 75");

  state("COMPLETING None");
  EXPECT_EQ(run_job().exit_code, 75);
  state("COMPLETING TimeLimit");
  EXPECT_EQ(run_job().exit_code, 0);
  state("");
  EXPECT_EQ(run_job().exit_code, 75);

  EXPECT_EQ(read("requeues"), "requeue 41\n");
}

TEST_F(RenderedJob, KeepsTheCodeWhenSlurmRefusesToRequeue) {
  add("program", "exit 75");
  add("scontrol", "exit 1");

  const core::ProcessResult result = run_job();

  EXPECT_EQ(result.exit_code, 75);
  EXPECT_NE(result.out.find("not requeued"), std::string::npos);
}

TEST_F(RenderedJob, PassesSignalsOnAndWaitsForTheCheckpoint) {
  for (const char* signal : {"USR1", "TERM"}) {
    add("program", "trap 'sleep 0.3; echo saved >>$here/log; exit 75' USR1\nkill -" + std::string(signal) +
                       " $PPID\nwhile :; do sleep 0.05; done");

    const core::ProcessResult result = run_job();

    EXPECT_EQ(result.exit_code, 0) << signal << result.err;
  }
  EXPECT_EQ(read("log"), "saved\nsaved\n");
  EXPECT_EQ(read("requeues"), "requeue 41\nrequeue 41\n");
}

TEST_F(RenderedJob, ASignalBeforeTheProgramIsReadyCountsAsAnInterruption) {
  add("program", "kill -USR1 $PPID\nsleep 5");

  const core::ProcessResult result = run_job();

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(read("requeues"), "requeue 41\n");
}

TEST(JobTemplates, EndLikeRenderedScripts) {
  int num_templates = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(GRAFTAGE_SOURCE_DIR) / "jobs")) {
    if (entry.path().extension() != ".sbatch") continue;
    ++num_templates;
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_TRUE(text.ends_with("\n" + std::string(job_body()))) << entry.path();
  }
  EXPECT_EQ(num_templates, 4);
}

}  // namespace
}  // namespace graftage::slurm

#include "graftage/core/process.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/stop_signal.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace graftage::core {
namespace {

ProcessResult shell(const std::string& script, ProcessOptions options = {}) {
  options.capture = true;
  return run_process({"/bin/sh", "-c", script}, options);
}

TEST(Process, ReturnsOutputAndExitCode) {
  const auto result = shell("echo out; echo err >&2; exit 7");

  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
}

TEST(Process, PassesArgumentsUntouched) {
  const std::string hostile = "a b;$(reboot)'\"\n*";

  const auto result = run_process({"printf", "%s", hostile}, {.unset_prefixes = {}, .set = {}, .capture = true});

  EXPECT_EQ(result.out, hostile);
  EXPECT_THROW((void)run_process({"printf", std::string("a\0b", 3)}), UsageError);
}

TEST(Process, ReadsBothStreamsWithoutDeadlock) {
  const auto result = shell(
      "i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789; "
      "echo 0123456789012345678901234567890123456789 >&2; i=$((i+1)); done");

  EXPECT_EQ(result.out.size(), 3000u * 41);
  EXPECT_EQ(result.err.size(), 3000u * 41);
}

TEST(Process, FiltersAndSetsTheEnvironment) {
  ::setenv("GRAFTAGE_TEST_OMPI_RANK", "3", 1);
  ::setenv("GRAFTAGE_TEST_KEPT", "yes", 1);
  ProcessOptions options;
  options.unset_prefixes = {"GRAFTAGE_TEST_OMPI_"};
  options.set = {{"GRAFTAGE_TEST_NEW", "new value"}, {"GRAFTAGE_TEST_KEPT", "changed"}};

  const auto result =
      shell("echo ${GRAFTAGE_TEST_OMPI_RANK-unset} $GRAFTAGE_TEST_KEPT \"$GRAFTAGE_TEST_NEW\"", options);

  EXPECT_EQ(result.out, "unset changed new value\n");
}

TEST(Process, DeathBySignalIsOneHundredTwentyEightPlusIt) { EXPECT_EQ(shell("kill -9 $$").exit_code, 137); }

TEST(Process, SaysWhatCannotBeStarted) {
  try {
    (void)run_process({"no-such-program-of-graftage"});
    FAIL();
  } catch (const IoError& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::InputMissing);
    EXPECT_NE(std::string(error.what()).find("no-such-program-of-graftage"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("PATH"), std::string::npos);
  }
  EXPECT_THROW((void)run_process({"/etc/passwd"}), IoError);
  EXPECT_THROW((void)run_process({}), InternalError);
}

TEST(Process, LeavesNoOpenDescriptors) {
  const int before = ::dup(0);
  ::close(before);

  for (int i = 0; i < 20; ++i) (void)shell("true");

  const int after = ::dup(0);
  ::close(after);
  EXPECT_EQ(after, before);
}

/// Sends `signal` to this process while run_process waits.
class Sender {
 public:
  explicit Sender(int signal)
      : thread_([signal] {
          std::this_thread::sleep_for(std::chrono::milliseconds(300));
          ::kill(::getpid(), signal);
        }) {}
  ~Sender() { thread_.join(); }

 private:
  std::thread thread_;
};

TEST(Process, ForwardsSignalsToTheChildAndToTheHandlerBefore) {
  install_stop_signal_handlers();
  for (const int signal : {SIGTERM, SIGUSR1, SIGINT}) {
    clear_stop_request();
    const Sender sender(signal);

    const auto result = shell(
        "trap 'echo caught; exit 75' TERM USR1 INT; i=0; "
        "while [ $i -lt 100 ]; do sleep 0.05; i=$((i+1)); done; echo not signalled");

    EXPECT_EQ(result.exit_code, 75) << signal;
    EXPECT_EQ(result.out, "caught\n");
    EXPECT_TRUE(stop_requested());
  }
  clear_stop_request();
}

TEST(Process, ForwardsAsAnotherSignal) {
  install_stop_signal_handlers();
  clear_stop_request();
  ProcessOptions options;
  options.capture = true;
  options.forward_as = SIGUSR1;
  const Sender sender(SIGTERM);

  const auto result = shell(
      "trap 'echo usr1; exit 75' USR1; trap 'echo term; exit 1' TERM; i=0; "
      "while [ $i -lt 100 ]; do sleep 0.05; i=$((i+1)); done; echo not signalled",
      options);

  EXPECT_EQ(result.exit_code, 75);
  EXPECT_EQ(result.out, "usr1\n");
  clear_stop_request();
}

/// Signal that ends a child (0 = it lives on) after its parent, a process of its own, was killed.
int signal_after_killing_parent(const ProcessOptions& options) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // orphans become this process's children
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return -1;
  const std::string script = "echo $$ >&" + std::to_string(ends[1]) + "; exec sleep 60";
  const pid_t parent = ::fork();
  if (parent == 0) {
    (void)run_process({"/bin/sh", "-c", script}, options);
    ::_exit(0);
  }
  ::close(ends[1]);
  std::array<char, 32> text{};
  const bool started = ::read(ends[0], text.data(), text.size() - 1) > 0;
  ::close(ends[0]);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  if (!started) return -1;
  const auto child = static_cast<pid_t>(std::atol(text.data()));
  int status = 0;
  if (!options.end_with_parent) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const bool alive = ::waitpid(child, &status, WNOHANG) == 0;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    return alive ? 0 : WTERMSIG(status);
  }
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

TEST(Process, AChildDoesNotOutliveAKilledParent) {
  ProcessOptions options;
  EXPECT_EQ(signal_after_killing_parent(options), SIGTERM);
  options.forward_as = SIGUSR1;
  EXPECT_EQ(signal_after_killing_parent(options), SIGUSR1);
  options.end_with_parent = false;
  EXPECT_EQ(signal_after_killing_parent(options), 0);
}

TEST(Process, DoesNotForwardWhenToldNotTo) {
  install_stop_signal_handlers();
  clear_stop_request();
  ProcessOptions options;
  options.forward_signals = false;
  const Sender sender(SIGTERM);

  const auto result = shell("trap 'echo caught; exit 75' TERM; sleep 0.7; echo calm", options);

  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "calm\n");
  EXPECT_TRUE(stop_requested());
  clear_stop_request();
}

}  // namespace
}  // namespace graftage::core

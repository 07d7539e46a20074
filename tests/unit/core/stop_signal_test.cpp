#include "graftage/core/stop_signal.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace graftage::core {
namespace {

int status_in_child(const std::function<int()>& action) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(action());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(StopSignal, EachSignalOnlySetsTheFlag) {
  install_stop_signal_handlers();
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) {
    clear_stop_request();
    EXPECT_FALSE(stop_requested());

    ::raise(signal);

    EXPECT_TRUE(stop_requested()) << signal;
  }
  clear_stop_request();
}

TEST(StopSignal, CanBeRequestedByTests) {
  clear_stop_request();
  request_stop();
  EXPECT_TRUE(stop_requested());
  clear_stop_request();
  EXPECT_FALSE(stop_requested());
}

TEST(StopSignal, ASecondInterruptEndsTheProcessASecondTerminateDoesNot) {
  const auto raise_twice = [](int signal) {
    return [signal] {
      install_stop_signal_handlers();
      clear_stop_request();
      ::raise(signal);
      ::raise(signal);
      return stop_requested() ? 5 : 6;
    };
  };

  EXPECT_EQ(status_in_child(raise_twice(SIGINT)), 130);
  EXPECT_EQ(status_in_child(raise_twice(SIGTERM)), 5);
}

}  // namespace
}  // namespace graftage::core

// A session's beginning and end, each in a process of its own (one rank, no launcher).
#include "graftage/mpi/session.hpp"

#include "graftage/core/error.hpp"
#include "graftage/mpi/agreement.hpp"
#include "graftage/mpi/communicator.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace graftage::mpi {
namespace {

[[noreturn]] void use_and_leave() {
  {
    const Session session;
    const bool alone = Communicator::world().size() == 1 && Communicator::world().sum(3) == 3;
    if (!alone || !is_initialized() || !launch_problem().empty()) std::exit(1);
  }
  std::exit(is_initialized() ? 2 : 0);
}

[[noreturn]] void leave_by_agreed_error() {
  int code = 0;
  try {
    Session session;
    try {
      agree(Communicator::world(), [] { throw core::ConfigError("a.yaml:1:1", "wrong"); });
    } catch (const AgreedError&) {
      session.finalize();
      throw;
    }
  } catch (const core::Error& error) {
    code = static_cast<int>(error.exit_code());
  }
  std::exit(is_initialized() ? 2 : code);
}

[[noreturn]] void leave_by_lonely_error() {
  try {
    const Session session;
    throw core::NumericError("nan");
  } catch (const core::Error& error) {
    if (!is_initialized()) std::exit(2);  // finalizing would have waited for the other ranks
    abort_all(static_cast<int>(error.exit_code()));
  }
}

TEST(SessionDeathTest, StartsAndEndsMpi) { EXPECT_EXIT(use_and_leave(), testing::ExitedWithCode(0), ""); }

TEST(SessionDeathTest, AnAgreedErrorIsReturnedAfterFinalize) {
  EXPECT_EXIT(leave_by_agreed_error(), testing::ExitedWithCode(78), "");
}

TEST(SessionDeathTest, AnErrorOfOneRankAborts) {
  EXPECT_EXIT(leave_by_lonely_error(), testing::ExitedWithCode(79), "");
}

TEST(SessionDeathTest, AbortWithoutMpiEndsTheProcess) { EXPECT_EXIT(abort_all(75), testing::ExitedWithCode(75), ""); }

}  // namespace
}  // namespace graftage::mpi

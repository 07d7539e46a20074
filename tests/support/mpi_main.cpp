// GoogleTest main for tests that run on several ranks: every rank runs every test, output is shown in rank order, and
// the program fails on all ranks when a test fails on one of them.

#include "graftage/mpi/communicator.hpp"
#include "graftage/mpi/session.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>

namespace {

/// Collects a rank's failures and prints them when the test ends; the root also prints the names of the tests.
class RankListener final : public testing::EmptyTestEventListener {
 public:
  explicit RankListener(const graftage::mpi::Communicator& world) : world_(world) {}

  void OnTestStart(const testing::TestInfo& info) override {
    failures_.str("");
    if (world_.is_root()) std::cout << "[ RUN  ] " << name_of(info) << std::endl;
  }
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    failures_ << "rank " << world_.rank() << ": " << (result.file_name() != nullptr ? result.file_name() : "?") << ":"
              << result.line_number() << "\n"
              << result.summary() << "\n";
  }
  void OnTestEnd(const testing::TestInfo& info) override {
    const auto texts = world_.all_gather_text(failures_.str());
    if (!world_.is_root()) return;
    bool failed = false;
    for (const auto& text : texts) {
      failed = failed || !text.empty();
      std::cout << text;
    }
    std::cout << (failed ? "[ FAIL ] " : "[ OK   ] ") << name_of(info) << std::endl;
  }

 private:
  static std::string name_of(const testing::TestInfo& info) {
    return std::string(info.test_suite_name()) + "." + info.name();
  }
  const graftage::mpi::Communicator& world_;
  std::ostringstream failures_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const graftage::mpi::Session session;
  const auto world = graftage::mpi::Communicator::world();
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new RankListener(world));  // owned by GoogleTest
  const int result = RUN_ALL_TESTS();
  const bool ran_none = testing::UnitTest::GetInstance()->test_to_run_count() == 0;
  const auto failed_anywhere = world.max(std::int64_t{result != 0 || ran_none ? 1 : 0});
  if (world.is_root()) {
    std::cout << testing::UnitTest::GetInstance()->test_to_run_count() << " tests on " << world.size()
              << " ranks: " << (failed_anywhere != 0 ? "FAILED" : "passed") << std::endl;
  }
  return static_cast<int>(failed_anywhere);
}

#include "graftage/core/atomic_file.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/failpoint.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace graftage::core {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kArrows{"commit.created", "commit.written", "commit.verified",
                                       "commit.synced",  "commit.renamed", "commit.directory_synced"};

class AtomicFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::path(testing::TempDir()) / "graftage_atomic_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    arm_failpoints("");
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  [[nodiscard]] std::size_t num_files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  fs::path folder_;
};

/// Exit status of `action` in a child process.
int status_of(const std::function<void()>& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      action();
    } catch (const Error& error) {
      ::_exit(static_cast<int>(error.exit_code()));
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

ExitCode code_of(const std::function<void()>& action, const std::string& text) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
    return error.exit_code();
  }
  return ExitCode::Done;
}

TEST_F(AtomicFile, WritesReplacesAndLeavesNothingElse) {
  const fs::path target = folder_ / "result.json";

  commit_text(target, "one");
  commit_text(target, std::string("two\0three", 9));

  EXPECT_EQ(read_text(target), std::string("two\0three", 9));
  EXPECT_EQ(num_files(), 1u);
  struct stat status {};
  ASSERT_EQ(::stat(target.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u & ~0640u, 0u);
}

TEST_F(AtomicFile, KeepsTheOldFileWhenWritingOrVerifyingThrows) {
  const fs::path target = folder_ / "result.json";
  commit_text(target, "old");
  const auto write_new = [](const fs::path& path) { std::ofstream(path) << "new"; };

  EXPECT_THROW(commit_file(target,
                           [&](const fs::path& path) {
                             write_new(path);
                             throw std::runtime_error("x");
                           }),
               std::runtime_error);
  EXPECT_THROW(commit_file(target, write_new, [](const fs::path&) { throw DataError("f", "p", "bad"); }), DataError);

  EXPECT_EQ(read_text(target), "old");
  EXPECT_EQ(num_files(), 1u);
}

TEST_F(AtomicFile, VerifiesWhatWasWritten) {
  std::string seen;

  commit_file(
      folder_ / "a", [](const fs::path& path) { std::ofstream(path) << "payload"; },
      [&](const fs::path& path) { seen = read_text(path); });

  EXPECT_EQ(seen, "payload");
}

TEST_F(AtomicFile, WhatIsPreparedAppearsWhenPublishedOnAnyThread) {
  const fs::path target = folder_ / "state";
  commit_text(target, "old");
  const auto write_new = [](const fs::path& path) { std::ofstream(path) << "new"; };

  Publish publish = prepare_file(target, write_new);
  EXPECT_EQ(read_text(target), "old");
  EXPECT_EQ(num_files(), 2u);
  std::thread(publish).join();
  publish = nullptr;

  EXPECT_EQ(read_text(target), "new");
  EXPECT_EQ(num_files(), 1u);
}

TEST_F(AtomicFile, WhatIsPreparedAndDroppedLeavesNothing) {
  const fs::path target = folder_ / "state";
  commit_text(target, "old");

  (void)prepare_file(target, [](const fs::path& path) { std::ofstream(path) << "new"; });

  EXPECT_EQ(read_text(target), "old");
  EXPECT_EQ(num_files(), 1u);
}

TEST_F(AtomicFile, AFailureAtEveryArrowLeavesOldOrNew) {
  const fs::path target = folder_ / "state";
  for (const std::string& arrow : kArrows) {
    for (const std::string action : {"throw", "enospc"}) {
      commit_text(target, "old");
      arm_failpoints(arrow + ":1:" + action);

      EXPECT_THROW(commit_text(target, "new"), IoError) << arrow;

      const bool renamed = arrow == "commit.renamed" || arrow == "commit.directory_synced";
      EXPECT_EQ(read_text(target), renamed ? "new" : "old") << arrow;
      EXPECT_EQ(num_files(), 1u) << arrow;
      arm_failpoints("");
    }
  }
}

TEST_F(AtomicFile, AKillAtEveryArrowLeavesOldOrNewAndARemovableTemporary) {
  const fs::path target = folder_ / "state";
  for (const std::string& arrow : kArrows) {
    commit_text(target, "old");

    const int status = status_of([&] {
      arm_failpoints(arrow + ":1:kill");
      commit_text(target, "new");
    });

    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << arrow;
    const bool renamed = arrow == "commit.renamed" || arrow == "commit.directory_synced";
    EXPECT_EQ(read_text(target), renamed ? "new" : "old") << arrow;
    EXPECT_EQ(num_files(), renamed ? 1u : 2u) << arrow;
    remove_stale_temporaries(folder_);
    EXPECT_EQ(num_files(), 1u) << arrow;
  }
}

TEST_F(AtomicFile, NamesTheRemedyForEveryFailure) {
  EXPECT_EQ(code_of([&] { commit_text(folder_ / "none" / "a", "x"); }, "create its directory"), ExitCode::CannotCreate);
  fs::create_directory(folder_ / "taken");
  EXPECT_EQ(code_of([&] { commit_text(folder_ / "taken", "x"); }, "taken"), ExitCode::CannotCreate);
  EXPECT_EQ(code_of([&] { commit_text(folder_ / "", "x"); }, ""), ExitCode::CannotCreate);
  EXPECT_EQ(code_of([&] { commit_text(fs::path(folder_ / std::string(300, 'n')), "x"); }, "too long"),
            ExitCode::CannotCreate);
  EXPECT_EQ(num_files(), 1u);
}

TEST_F(AtomicFile, WithoutPermissionIsSeventySeven) {
  // Root may write anywhere, so the child becomes somebody else.
  const auto status = status_of([&] {
    fs::permissions(folder_,
                    fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read | fs::perms::others_exec);
    if (::geteuid() == 0 && ::seteuid(65534) != 0) ::_exit(1);
    commit_text(folder_ / "a", "x");
  });

  EXPECT_EQ(WEXITSTATUS(status), 77);
}

TEST_F(AtomicFile, BeyondTheFileSizeLimitIsSeventyFourAndKeepsTheOldFile) {
  const fs::path target = folder_ / "big";
  commit_text(target, "old");

  const auto status = status_of([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    commit_text(target, std::string(100000, 'x'));
  });

  EXPECT_EQ(WEXITSTATUS(status), 74);
  EXPECT_EQ(read_text(target), "old");
  EXPECT_EQ(num_files(), 1u);
}

TEST_F(AtomicFile, DoesNotFollowALinkPutInPlaceOfTheTemporary) {
  const auto swap_for_link = [](const fs::path& path) {
    fs::remove(path);
    fs::create_symlink("/dev/null", path);
  };

  EXPECT_EQ(code_of([&] { commit_file(folder_ / "a", swap_for_link); }, "reopen"), ExitCode::IoError);

  EXPECT_EQ(num_files(), 0u);
}

TEST_F(AtomicFile, AFullDiskIsSeventyFour) {
  arm_failpoints("commit.written:1:enospc");

  EXPECT_EQ(code_of([&] { commit_text(folder_ / "a", "x"); }, "free space and run the same command again"),
            ExitCode::IoError);
}

TEST_F(AtomicFile, RemovesOnlyTemporariesOfDeadProcessesOfThisHost) {
  fs::path of_dead;
  const int status = status_of([&] { commit_file(folder_ / "dead", [](const fs::path&) { ::raise(SIGKILL); }); });
  ASSERT_TRUE(WIFSIGNALED(status));
  for (const auto& entry : fs::directory_iterator(folder_)) of_dead = entry.path();
  std::string foreign = of_dead.filename().string();
  foreign.replace(foreign.size() - 28, 8,
                  foreign.substr(foreign.size() - 28, 8) == "00000000" ? "11111111" : "00000000");
  std::ofstream(folder_ / foreign) << "of another host";
  for (const char* const name : {".hidden.tmp", "data.tmp", ".a.b.c.tmp", ".a.99999999.short.tmp"})
    std::ofstream(folder_ / name) << "somebody's";

  commit_file(folder_ / "alive", [&](const fs::path& own) {
    remove_stale_temporaries(folder_);
    EXPECT_TRUE(fs::exists(own));
  });

  EXPECT_FALSE(fs::exists(of_dead));
  EXPECT_TRUE(fs::exists(folder_ / foreign));
  EXPECT_EQ(num_files(), 6u);
  EXPECT_NO_THROW(remove_stale_temporaries(folder_ / "none"));
}

TEST_F(AtomicFile, ReadsOrSaysWhatIsMissing) {
  EXPECT_EQ(code_of([&] { (void)read_text(folder_ / "none", "run import first"); }, "run import first"),
            ExitCode::InputMissing);
  EXPECT_EQ(code_of([&] { (void)read_text(folder_); }, "directory"), ExitCode::InputMissing);
}

TEST_F(AtomicFile, MakesFoldersAndSaysWhatIsInTheWay) {
  core::create_directories(folder_ / "a" / "b" / "c");
  core::create_directories(folder_ / "a" / "b" / "c");
  commit_text(folder_ / "file", "x");

  EXPECT_TRUE(fs::is_directory(folder_ / "a" / "b" / "c"));
  EXPECT_EQ(code_of([&] { core::create_directories(folder_ / "file" / "d"); }, "file"), ExitCode::CannotCreate);
}

TEST_F(AtomicFile, OneOfManyCreatorsWins) {
  const fs::path target = folder_ / "lease";
  std::vector<int> won(8);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < won.size(); ++i)
    threads.emplace_back([&, i] { won[i] = create_exclusive(target) ? 1 : 0; });
  for (auto& thread : threads) thread.join();

  EXPECT_EQ(std::count(won.begin(), won.end(), 1), 1);
  EXPECT_FALSE(create_exclusive(target));
  EXPECT_EQ(num_files(), 1u);
  EXPECT_EQ(code_of([&] { (void)create_exclusive(folder_ / "none" / "a"); }, "none"), ExitCode::CannotCreate);
}

TEST(Failpoint, FiresAtTheGivenPassageOrStep) {
  arm_failpoints("a:2:throw, b:120:throw");

  EXPECT_NO_THROW(failpoint("a"));
  EXPECT_THROW(failpoint("a"), IoError);
  EXPECT_NO_THROW(failpoint("a"));
  EXPECT_NO_THROW(failpoint("b", 119));
  EXPECT_THROW(failpoint("b", 120), IoError);
  EXPECT_NO_THROW(failpoint("c"));
  arm_failpoints("");
  EXPECT_NO_THROW(failpoint("b", 120));
}

TEST(Failpoint, RefusesAMalformedSpecification) {
  for (const char* const text : {"a", "a:1", "a:x:kill", "a:1:explode", ":1:kill", "a:1:kill,", "a:1:throw:x"})
    EXPECT_THROW(arm_failpoints(text), UsageError) << text;
}

}  // namespace
}  // namespace graftage::core

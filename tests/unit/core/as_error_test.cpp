#include "graftage/core/as_error.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <new>

namespace graftage::core {
namespace {

std::filesystem::filesystem_error refusal(int number) {
  return {"status", "runs/a", std::error_code(number, std::generic_category())};
}

TEST(AsError, KeepsOwnErrors) {
  const Error error = as_error(ConfigError("a.yaml:1:1", "no"));
  EXPECT_EQ(error.exit_code(), ExitCode::Config);
  EXPECT_STREQ(error.what(), "a.yaml:1:1: no");
}

TEST(AsError, GivesFileSystemErrorsTheCodeOfTheirCause) {
  EXPECT_EQ(as_error(refusal(EACCES)).exit_code(), ExitCode::Permission);
  EXPECT_EQ(as_error(refusal(ENOENT)).exit_code(), ExitCode::InputMissing);
  EXPECT_EQ(as_error(refusal(ENOSPC)).exit_code(), ExitCode::IoError);
  EXPECT_STREQ(as_error(refusal(EACCES)).what(),
               "cannot use runs/a: Permission denied; check its owner and permissions");
}

TEST(AsError, AsksToReportWhatNobodyExpected) {
  const Error error = as_error(std::runtime_error("odd"));
  EXPECT_EQ(error.exit_code(), ExitCode::Internal);
  EXPECT_STREQ(error.what(), "internal error: odd; please report it");
  EXPECT_NE(std::string(as_error(std::bad_alloc()).what()).find("out of memory"), std::string::npos);
}

TEST(FileError, SaysWhatToDo) {
  const IoError full = file_error("write", "a.h5", ENOSPC, ExitCode::CannotCreate);
  EXPECT_EQ(full.exit_code(), ExitCode::IoError);
  EXPECT_STREQ(full.what(), "cannot write a.h5: No space left on device; free space and run the same command again");
  EXPECT_EQ(file_error("create", "a", EEXIST, ExitCode::CannotCreate).exit_code(), ExitCode::CannotCreate);
}

}  // namespace
}  // namespace graftage::core

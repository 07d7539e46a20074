#include "graftage/core/as_error.hpp"

#include "graftage/core/text.hpp"

#include <cerrno>
#include <new>
#include <system_error>

namespace graftage::core {

namespace {

struct Advice {
  ExitCode code;
  const char* remedy;
};

Advice advice_for(int error_number, ExitCode otherwise) {
  switch (error_number) {
    case EACCES:
    case EPERM:
      return {ExitCode::Permission, "; check its owner and permissions"};
    case EROFS:
      return {ExitCode::Permission, "; choose a writable place"};
    case ENOENT:
    case ENOTDIR:
      return {otherwise, "; create its directory or choose another path"};
    case EISDIR:
      return {otherwise, "; name a file"};
    case EEXIST:
      return {otherwise, "; move it away or choose another path"};
    case ENOSPC:
    case EDQUOT:
      return {ExitCode::IoError, "; free space and run the same command again"};
    case EFBIG:
      return {ExitCode::IoError, "; raise the file size limit (ulimit -f) and run the same command again"};
    case EIO:
    case ESTALE:
      return {ExitCode::IoError, "; check the disk or the file server, then run the same command again"};
    default:
      return {otherwise, ""};
  }
}

Error of_standard_library(const std::filesystem::filesystem_error& error) {
  const int number = error.code().value();
  const bool is_missing = number == ENOENT || number == ENOTDIR;
  return file_error("use", error.path1(), number, is_missing ? ExitCode::InputMissing : ExitCode::IoError);
}

}  // namespace

IoError file_error(const std::string& action, const std::filesystem::path& path, int error_number, ExitCode otherwise) {
  const Advice advice = advice_for(error_number, otherwise);
  return IoError("cannot " + action + " " + printable(path.string()) + ": " +
                     std::generic_category().message(error_number) + advice.remedy,
                 advice.code);
}

Error as_error(const std::exception& exception) {
  if (const auto* own = dynamic_cast<const Error*>(&exception)) return *own;
  if (const auto* file = dynamic_cast<const std::filesystem::filesystem_error*>(&exception))
    return of_standard_library(*file);
  if (dynamic_cast<const std::bad_alloc*>(&exception) != nullptr)
    return Error(ExitCode::Internal, "out of memory; use a smaller batch or more nodes");
  return Error(ExitCode::Internal, std::string("internal error: ") + exception.what() + "; please report it");
}

}  // namespace graftage::core

#include "app/doctor_directory.hpp"

#include "graftage/core/machine.hpp"
#include "graftage/core/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>

namespace graftage::app {

namespace {

namespace fs = std::filesystem;

std::string words_of(int error) { return std::generic_category().message(error); }

/// Closes on leaving the scope.
class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : value_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return value_; }

 private:
  int value_;
};

fs::path nearest_existing(fs::path path) {
  std::error_code ignored;
  while (!fs::exists(path, ignored) && path.has_relative_path()) path = path.parent_path();
  return path;
}

}  // namespace

fs::path normalized(const fs::path& path) {
  const fs::path normal = fs::absolute(path).lexically_normal();
  return normal.has_filename() || !normal.has_relative_path() ? normal : normal.parent_path();  // no slash at the end
}

namespace {

core::ExitCode code_of(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return core::ExitCode::Permission;
    case ENOSPC:
    case EDQUOT:
    case EIO:
      return core::ExitCode::IoError;
    default:
      return core::ExitCode::CannotCreate;
  }
}

/// A second opening must not get a lock that the first one holds.
std::string try_locks(const fs::path& file) {
  const Descriptor holder(file, O_RDWR), other(file, O_RDWR);
  if (::flock(holder.get(), LOCK_EX | LOCK_NB) != 0) return words_of(errno);
  if (::flock(other.get(), LOCK_EX | LOCK_NB) == 0) return "locks are granted twice";
  return errno == EWOULDBLOCK ? "" : words_of(errno);
}

/// Spaces and the like are written as octal numbers in mountinfo.
std::string unescape(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 3 >= text.size()) {
      result += text[i];
      continue;
    }
    result += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
    i += 3;
  }
  return result;
}

bool lies_below(const fs::path& path, const fs::path& ancestor) {
  return std::mismatch(ancestor.begin(), ancestor.end(), path.begin(), path.end()).first == ancestor.end();
}

}  // namespace

DirectoryProbe::DirectoryProbe(const fs::path& wanted) {
  facts_.wanted = wanted;
  std::error_code ignored;
  facts_.probed = nearest_existing(normalized(wanted));
  facts_.file_system = file_system_of(core::read_kernel_text("/proc/self/mountinfo").value_or(""),
                                      fs::weakly_canonical(facts_.probed, ignored));
  struct statvfs space {};
  if (::statvfs(facts_.probed.c_str(), &space) == 0)
    facts_.free_bytes = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
  if (!fs::is_directory(facts_.probed, ignored)) {
    facts_.problem = "is not a directory";
    facts_.code = core::ExitCode::CannotCreate;
    return;
  }
  write_file();
}

void DirectoryProbe::write_file() {
  const fs::path path = facts_.probed / (".graftage-doctor-" + std::to_string(::getpid()) + ".tmp");
  const auto fail = [&](int error) {
    facts_.problem = words_of(error);
    facts_.code = code_of(error);
  };
  const Descriptor file(path, O_RDWR | O_CREAT | O_EXCL);
  if (file.get() < 0) return fail(errno);
  file_ = path;
  const std::array<char, 4096> block{};
  errno = ENOSPC;
  if (::write(file.get(), block.data(), block.size()) != static_cast<ssize_t>(block.size())) return fail(errno);
  const Descriptor directory(facts_.probed, O_RDONLY | O_DIRECTORY);
  if (::fsync(file.get()) != 0 || ::fsync(directory.get()) != 0) facts_.sync_problem = words_of(errno);
  struct stat status {};
  if (::fstat(file.get(), &status) == 0) {
    const double written =
        static_cast<double>(status.st_mtim.tv_sec) + 1e-9 * static_cast<double>(status.st_mtim.tv_nsec);
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    facts_.clock_skew = written - now.count();
  }
  facts_.lock_problem = try_locks(path);
}

DirectoryProbe::~DirectoryProbe() {
  if (!file_.empty()) ::unlink(file_.c_str());
}

std::string file_system_of(std::string_view mountinfo, const fs::path& path) {
  std::string best_type;
  std::size_t best_depth = 0;
  for (const std::string& line : core::split(mountinfo, '\n')) {  // 36 35 98:0 /root /mount options ... - type source
    const auto words = core::split(line, ' ');
    const auto separator = std::find(words.begin(), words.end(), "-");
    if (words.size() < 5 || separator == words.end() || separator + 1 == words.end()) continue;
    const fs::path mount = unescape(words[4]);
    const auto depth = static_cast<std::size_t>(std::distance(mount.begin(), mount.end()));
    if (depth < best_depth || !lies_below(path, mount)) continue;  // of two on one place the later hides the earlier
    best_depth = depth;
    best_type = *(separator + 1);
  }
  return best_type;
}

bool is_in_memory(std::string_view file_system) {
  return file_system == "tmpfs" || file_system == "ramfs" || file_system == "devtmpfs";
}

bool is_node_local(std::string_view file_system) {
  constexpr std::array kLocal = {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "overlay", "jfs", "reiserfs"};
  return is_in_memory(file_system) ||
         std::any_of(kLocal.begin(), kLocal.end(), [&](const char* name) { return file_system == name; });
}

}  // namespace graftage::app

#include "graftage/core/atomic_file.hpp"

#include "graftage/core/as_error.hpp"
#include "graftage/core/digest.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/failpoint.hpp"
#include "graftage/core/text.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <signal.h>
#include <string>
#include <sys/random.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace graftage::core {

namespace {

namespace fs = std::filesystem;

/// An open file descriptor, closed when it leaves its scope.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] int close() { return ::close(std::exchange(number_, -1)); }

 private:
  int number_;
};

[[noreturn]] void fail(const std::string& action, const fs::path& path, int error, ExitCode otherwise) {
  throw file_error(action, path, error, otherwise);
}

Descriptor open_directory(const fs::path& file) {
  const fs::path directory = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const int number = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (number < 0) fail("create a file in", directory, errno, ExitCode::CannotCreate);
  return Descriptor(number);
}

std::string hex(std::uint64_t value, int digits) {
  std::string text;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 15];
  return text;
}

/// Tag of this host in temporary names: on a shared file system a process id alone says nothing.
std::string host_tag() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) name[0] = '\0';
  return hex(key_of(name.data()).high >> 32, 8);
}

std::string temporary_name(const fs::path& target) {
  constexpr std::size_t kLongestPart = 160;  // keeps the whole name below NAME_MAX
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != static_cast<ssize_t>(sizeof random))
    fail("draw a temporary name for", target, errno, ExitCode::IoError);
  return "." + target.filename().string().substr(0, kLongestPart) + "." + std::to_string(::getpid()) + "." +
         host_tag() + hex(random, 16) + ".tmp";
}

/// A fresh file beside the target; removed unless `keep` was called.
class Temporary {
 public:
  explicit Temporary(const fs::path& target) : directory_(open_directory(target)) {
    if (target.filename().empty() || target.filename() == "." || target.filename() == "..")
      fail("create", target, EISDIR, ExitCode::CannotCreate);
    constexpr int kAttempts = 8;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      name_ = temporary_name(target);
      const int number =
          ::openat(directory_.get(), name_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
      if (number >= 0) {
        path_ = target.parent_path() / name_;
        ::close(number);
        return;
      }
      if (errno != EEXIST) break;
    }
    fail("create", target, errno, ExitCode::CannotCreate);
  }
  ~Temporary() {
    if (!kept_) ::unlinkat(directory_.get(), name_.c_str(), 0);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  void keep() { kept_ = true; }
  [[nodiscard]] int directory() const { return directory_.get(); }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  Descriptor directory_;
  std::string name_;
  fs::path path_;
  bool kept_ = false;
};

void sync_file(const Temporary& temporary, const fs::path& target) {
  Descriptor file(::openat(temporary.directory(), temporary.name().c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (file.get() < 0) fail("reopen the new", target, errno, ExitCode::IoError);
  if (::fsync(file.get()) != 0) fail("write", target, errno, ExitCode::IoError);
  if (file.close() != 0 && errno != EINTR) fail("write", target, errno, ExitCode::IoError);
}

void sync_directory(int directory, const fs::path& target) {
  // EINVAL: the file system has no directory sync; there is nothing more to do on it.
  if (::fsync(directory) != 0 && errno != EINVAL) fail("commit", target, errno, ExitCode::IoError);
}

void write_all(const fs::path& path, std::string_view text, const fs::path& target) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC));
  if (file.get() < 0) fail("write", target, errno, ExitCode::IoError);
  while (!text.empty()) {
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("write", target, errno, ExitCode::IoError);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (file.close() != 0 && errno != EINTR) fail("write", target, errno, ExitCode::IoError);
}

void publish(Temporary& temporary, const fs::path& target) {
  sync_file(temporary, target);
  failpoint("commit.synced");
  if (::renameat(temporary.directory(), temporary.name().c_str(), temporary.directory(), target.filename().c_str()) !=
      0)
    fail("create", target, errno, ExitCode::CannotCreate);
  temporary.keep();
  failpoint("commit.renamed");
  sync_directory(temporary.directory(), target);
  failpoint("commit.directory_synced");
}

/// Whether ".<name>.<pid>.<host tag and random>.tmp" was left by a process of this host that is gone.
bool is_stale_temporary(const std::string& name, const std::string& host) {
  const auto parts = split(name, '.');
  const std::size_t count = parts.size();
  if (count < 5 || !parts[0].empty() || parts[count - 1] != "tmp") return false;
  const std::string& random = parts[count - 2];
  if (random.size() != 24 || !random.starts_with(host)) return false;
  const std::string& digits = parts[count - 3];
  pid_t process = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), process);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || process <= 0) return false;
  return ::kill(process, 0) != 0 && errno == ESRCH;
}

}  // namespace

Publish prepare_file(const fs::path& target, const std::function<void(const fs::path&)>& write,
                     const std::function<void(const fs::path&)>& verify) {
  const auto temporary = std::make_shared<Temporary>(target);
  failpoint("commit.created");
  write(temporary->path());
  failpoint("commit.written");
  if (verify) verify(temporary->path());
  failpoint("commit.verified");
  return [temporary, target] { publish(*temporary, target); };
}

void commit_file(const fs::path& target, const std::function<void(const fs::path&)>& write,
                 const std::function<void(const fs::path&)>& verify) {
  prepare_file(target, write, verify)();
}

void commit_text(const fs::path& target, std::string_view text) {
  commit_file(target, [&](const fs::path& path) { write_all(path, text, target); });
}

void create_directories(const fs::path& directory) {
  std::error_code ignored;
  if (fs::is_directory(directory, ignored)) return;
  fs::path path;
  for (const fs::path& part : directory) {
    path /= part;
    if (part.empty() || ::mkdir(path.c_str(), 0750) == 0) continue;
    const int error = errno;
    if (!fs::is_directory(path, ignored)) fail("create the directory", path, error, ExitCode::CannotCreate);
  }
}

void remove_stale_temporaries(const fs::path& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
  if (stream == nullptr) {
    if (errno == ENOENT) return;
    fail("list", directory, errno, ExitCode::IoError);
  }
  const std::string host = host_tag();
  while (const dirent* const entry = ::readdir(stream.get()))
    if (is_stale_temporary(entry->d_name, host)) ::unlinkat(::dirfd(stream.get()), entry->d_name, 0);
}

std::string read_text(const fs::path& path, std::string_view remedy) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) throw MissingInput(printable(path.string()), std::string(remedy));
    fail("open", path, errno, ExitCode::IoError);
  }
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read", path, errno, errno == EISDIR ? ExitCode::InputMissing : ExitCode::IoError);
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

bool create_exclusive(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640));
  if (file.get() < 0 && errno != EEXIST) fail("create", path, errno, ExitCode::CannotCreate);
  return file.get() >= 0;
}

}  // namespace graftage::core

#include "data/output_directory.hpp"

#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/failpoint.hpp"
#include "graftage/mpi/agreement.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace graftage::data {
namespace {

namespace fs = std::filesystem;

fs::path without_trailing_slash(const fs::path& path) { return path.has_filename() ? path : path.parent_path(); }

void sync_directory(const fs::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

fs::path parent_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

}  // namespace

OutputDirectory::OutputDirectory(fs::path target, const mpi::Communicator& communicator)
    : target_(without_trailing_slash(target)), communicator_(communicator) {
  temporary_ = target_;
  temporary_ += ".tmp-" + communicator.broadcast_text(std::to_string(::getpid()));
  mpi::agree(communicator_, [this] {
    if (!communicator_.is_root()) return;
    const bool is_corpus = fs::exists(target_ / "index.h5");
    if (fs::exists(target_) && !is_corpus && !(fs::is_directory(target_) && fs::is_empty(target_)))
      throw core::IoError(target_.string() + " exists and is not a corpus; choose another output or remove it",
                          core::ExitCode::CannotCreate);
    core::create_directories(parent_of(target_));
    remove_leftovers();
    core::create_directories(temporary_);
  });
}

OutputDirectory::~OutputDirectory() {
  std::error_code ignored;
  if (communicator_.is_root()) fs::remove_all(temporary_, ignored);
}

/// What imports that were killed left beside the target.
void OutputDirectory::remove_leftovers() const {
  const std::string prefix = target_.filename().string() + ".tmp-";
  for (const auto& entry : fs::directory_iterator(parent_of(target_))) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(prefix, 0) != 0) continue;
    const auto process = static_cast<pid_t>(std::atol(name.c_str() + prefix.size()));
    const bool alive = process > 0 && (::kill(process, 0) == 0 || errno == EPERM);
    std::error_code ignored;
    if (!alive || process == ::getpid()) fs::remove_all(entry.path(), ignored);
  }
}

void OutputDirectory::commit() {
  mpi::agree(communicator_, [this] {
    if (!communicator_.is_root()) return;
    const auto fail = [this](const char* what) {
      throw core::IoError(target_.string() + ": " + what + ": " + std::strerror(errno));
    };
    core::failpoint("import.commit");
    if (!fs::exists(target_)) {
      if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("cannot be moved into place");
    } else if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) != 0) {
      // File systems without exchange: the old corpus steps aside first.
      fs::path aside = temporary_;
      aside += ".old";
      if (::rename(target_.c_str(), aside.c_str()) != 0) fail("cannot be moved aside");
      if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("cannot be moved into place");
      temporary_ = aside;
    }
    sync_directory(parent_of(target_));
  });
}

}  // namespace graftage::data

#pragma once

#include "graftage/mpi/communicator.hpp"

#include <filesystem>

namespace graftage::data {

/// A directory written beside its final place and moved there whole. On rank 0 the destructor removes what was not
/// committed. Constructor and commit are collective.
class OutputDirectory {
 public:
  /// @throws IoError 73 if `target` exists and is neither empty nor a corpus
  OutputDirectory(std::filesystem::path target, const mpi::Communicator& communicator);
  ~OutputDirectory();
  OutputDirectory(const OutputDirectory&) = delete;
  OutputDirectory& operator=(const OutputDirectory&) = delete;

  /// Where to write.
  [[nodiscard]] const std::filesystem::path& path() const { return temporary_; }
  /// Exchanges the new directory with the old one, which is removed. @throws IoError
  void commit();

 private:
  void remove_leftovers() const;
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  const mpi::Communicator& communicator_;
};

}  // namespace graftage::data

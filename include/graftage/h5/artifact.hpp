#pragma once

#include "graftage/core/atomic_file.hpp"
#include "graftage/h5/file.hpp"

#include <filesystem>
#include <functional>
#include <string>

namespace graftage::h5 {

/// Version of all our formats; a reader refuses a newer major version.
inline constexpr const char* kFormatVersion = "1.0";

/// What every file of ours says of itself in root attributes.
struct ArtifactHeader {
  std::string format;          ///< "graftage-shard", "graftage-corpus", "graftage-checkpoint", "graftage-encoder",
                               ///< "graftage-trial", "graftage-report"
  std::string format_version;  ///< semantic version; a reader refuses a newer major
  std::string creator;         ///< "graftage"
  std::string creator_version;
  std::string content_sha256;   ///< over all datasets (path, type, shape, values) and all other attributes
  std::string provenance_json;  ///< resolved configuration and the digests of the inputs it was made from
};

/// Writes a file by the commit protocol: `fill` writes datasets and attributes, then the header with the content digest
/// is added, the file is read back and its digest compared, and it is renamed into place.
/// The digest does not depend on compression, chunking or time. @throws IoError, DataError
void commit_artifact(const std::filesystem::path& target, const std::string& format, const std::string& format_version,
                     const std::string& provenance_json, const std::function<void(File&)>& fill);

/// The first half of commit_artifact, up to the read-back; what is left uses no HDF5 and may run on another thread.
[[nodiscard]] core::Publish prepare_artifact(const std::filesystem::path& target, const std::string& format,
                                             const std::string& format_version, const std::string& provenance_json,
                                             const std::function<void(File&)>& fill);

/// Opens an artifact and checks format and version, not the digest. @throws MissingInput, DataError
[[nodiscard]] File open_artifact(const std::filesystem::path& path, const std::string& expected_format);

[[nodiscard]] ArtifactHeader read_header(const File& file);

/// Recomputed SHA-256 over the content; equal to header.content_sha256 for an intact file.
[[nodiscard]] std::string compute_content_digest(const File& file);

/// open_artifact plus the digest check. @throws DataError naming what differs
[[nodiscard]] File open_verified(const std::filesystem::path& path, const std::string& expected_format);

}  // namespace graftage::h5

#include "graftage/h5/artifact.hpp"

#include "graftage/core/error.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>

namespace graftage::h5 {
namespace {

class ArtifactTest : public ::testing::Test {
 protected:
  static std::vector<double> values() {
    std::vector<double> result(5000);
    std::iota(result.begin(), result.end(), 0.5);
    return result;
  }

  void commit(const Layout& layout, const std::string& format_version = kFormatVersion) {
    commit_artifact(path_, "graftage-report", format_version, R"({"a": 1})", [&](File& file) {
      file.write<double>("/final", values(), {values().size()}, ElementType::Float64, layout);
      file.write_text("/names", {"x", "y"});
      file.set_attribute("/final", "units", std::string("percent"));
    });
  }

  template <class Error>
  std::string message_of_open() {
    try {
      (void)open_verified(path_, "graftage-report");
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was thrown";
  }

  graftage::testing::TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "report.h5";
};

TEST_F(ArtifactTest, HeaderAndContentComeBack) {
  commit({});

  const File file = open_verified(path_, "graftage-report");

  const ArtifactHeader header = read_header(file);
  EXPECT_EQ(header.format, "graftage-report");
  EXPECT_EQ(header.creator, "graftage");
  EXPECT_EQ(header.provenance_json, R"({"a": 1})");
  EXPECT_EQ(header.content_sha256.size(), 64U);
  EXPECT_EQ(file.read<double>("/final"), values());
}

TEST_F(ArtifactTest, ThreadsWriteReadAndFailEachOnItsOwn) {
  if (!is_thread_safe()) GTEST_SKIP() << "this HDF5 library is for one thread at a time";
  constexpr int kThreads = 4, kFiles = 20;
  std::vector<std::string> failures(kThreads);
  const auto use = [&](int t) {
    for (int i = 0; i < kFiles; ++i) {
      const auto path = directory_.path() / (std::to_string(t) + ".h5");
      const std::vector<std::int64_t> own(100 + i, t);
      commit_artifact(path, "graftage-report", kFormatVersion, "{}", [&](File& file) {
        file.write<std::int64_t>("/own", own, {own.size()});
        file.write_text("/names", {std::to_string(t)});
      });
      const File file = open_verified(path, "graftage-report");
      if (file.read<std::int64_t>("/own") != own) failures[t] = "other values";
      const std::string missing = "missing" + std::to_string(t);
      try {
        (void)file.children("/" + missing);
        failures[t] = "a missing group was listed";
      } catch (const core::DataError& error) {
        if (std::string(error.what()).find(missing + "' doesn't exist") == std::string::npos)
          failures[t] = error.what();
      }
    }
  };

  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back(use, t);
  for (auto& thread : threads) thread.join();

  EXPECT_EQ(failures, std::vector<std::string>(kThreads));
}

TEST_F(ArtifactTest, TheDigestDependsOnContentNotOnLayout) {
  commit({});
  const std::string digest = read_header(File::open(path_)).content_sha256;
  commit({.deflate = 9, .checksum = false, .chunk_bytes = 512});
  EXPECT_EQ(read_header(File::open(path_)).content_sha256, digest);
  commit({.deflate = 0, .checksum = false});
  EXPECT_EQ(read_header(File::open(path_)).content_sha256, digest);

  commit_artifact(path_, "graftage-report", kFormatVersion, R"({"a": 1})", [&](File& file) {
    auto changed = values();
    changed[4321] += 1;
    file.write<double>("/final", changed, {changed.size()});
    file.write_text("/names", {"x", "y"});
    file.set_attribute("/final", "units", std::string("percent"));
  });
  EXPECT_NE(read_header(File::open(path_)).content_sha256, digest);
}

TEST_F(ArtifactTest, OtherFormatsAndNewerVersionsAreRefused) {
  commit({});
  EXPECT_THROW((void)open_artifact(path_, "graftage-corpus"), core::DataError);
  // The newer file is refused already by the read-back of its own commit.
  EXPECT_THROW(commit({}, "2.0"), core::DataError);
  EXPECT_EQ(read_header(open_verified(path_, "graftage-report")).format_version, kFormatVersion);
  {
    File file = File::create(path_);
    file.close();
  }
  EXPECT_NE(message_of_open<core::DataError>().find("not a file of graftage"), std::string::npos);
}

TEST_F(ArtifactTest, AChangedValueIsFound) {
  {
    File file = File::create(path_);
    file.write<double>("/final", std::vector<double>{1.0}, {1});
    file.set_attribute("/", "format", std::string("graftage-report"));
    file.set_attribute("/", "format_version", std::string(kFormatVersion));
    file.set_attribute("/", "content_sha256", std::string(64, '0'));
    file.close();
  }

  EXPECT_NE(message_of_open<core::DataError>().find("was changed or damaged"), std::string::npos);
}

TEST_F(ArtifactTest, APreparedArtifactIsWholeBeforeItHasItsName) {
  const auto publish = prepare_artifact(path_, "graftage-report", kFormatVersion, "{}", [](File& file) {
    file.write<double>("/final", std::vector<double>{1.5}, {1});
  });

  EXPECT_FALSE(std::filesystem::exists(path_));
  std::thread(publish).join();

  EXPECT_EQ(open_verified(path_, "graftage-report").read<double>("/final"), std::vector<double>{1.5});
}

TEST_F(ArtifactTest, AFailedFillLeavesTheOldFile) {
  commit({});

  EXPECT_THROW(commit_artifact(path_, "graftage-report", kFormatVersion, "{}",
                               [](File&) { throw core::DataError("input", "", "broken"); }),
               core::DataError);

  EXPECT_EQ(open_verified(path_, "graftage-report").read<double>("/final"), values());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_.path()), {}), 1);
}

}  // namespace
}  // namespace graftage::h5

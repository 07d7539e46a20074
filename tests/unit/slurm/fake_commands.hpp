#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>

namespace graftage::slurm {

/// A temporary directory in front of PATH that holds scripts in place of the Slurm commands.
class FakeCommands : public ::testing::Test {
 protected:
  FakeCommands() : path_before_(std::getenv("PATH")) {
    std::string pattern = (std::filesystem::temp_directory_path() / "graftage-slurm-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    setenv("PATH", (directory_.string() + ":" + path_before_).c_str(), 1);
  }
  ~FakeCommands() override {
    setenv("PATH", path_before_.c_str(), 1);
    std::filesystem::remove_all(directory_);
  }

  /// Writes an executable bash script; `$here` in it is the directory.
  std::filesystem::path add(const std::string& name, const std::string& body) {
    write(name, "#!/bin/bash\nhere=" + directory_.string() + "\n" + body + "\n");
    std::filesystem::permissions(directory_ / name, std::filesystem::perms::owner_all);
    return directory_ / name;
  }
  std::filesystem::path write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name) << text;
    return directory_ / name;
  }
  [[nodiscard]] std::string read(const std::string& name) const { return read_file(directory_ / name); }
  [[nodiscard]] static std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  std::string path_before_;
  std::filesystem::path directory_;
};

}  // namespace graftage::slurm

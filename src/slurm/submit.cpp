#include "graftage/slurm/submit.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/process.hpp"
#include "graftage/core/text.hpp"

#include <charconv>
#include <thread>

namespace graftage::slurm {

namespace {

/// "--dependency=afterok:12,afterany:13", or nothing.
std::vector<std::string> dependency_argument(const std::vector<Dependency>& dependencies) {
  std::vector<std::string> parts;
  for (const Dependency& dependency : dependencies) {
    GRAFTAGE_CHECK(dependency.job.value > 0, dependency.job.value);
    parts.push_back((dependency.condition == After::Success ? "afterok:" : "afterany:") +
                    std::to_string(dependency.job.value));
  }
  if (parts.empty()) return {};
  return {"--dependency=" + core::join(parts, ","), "--kill-on-invalid-dep=yes"};
}

/// True for a failure before the controller can have seen the job. A timeout is not one: the job may be queued.
bool is_unreachable(const std::string& message) {
  return message.find("Unable to contact slurm controller") != std::string::npos;
}

}  // namespace

JobId parse_job_id(std::string_view answer) {
  const std::string_view text = core::trim(answer);
  const std::string_view digits = text.substr(0, text.find(';'));
  JobId id;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id.value);
  if (error != std::errc{} || end != digits.data() + digits.size() || id.value <= 0)
    throw core::DataError(
        "sbatch", "",
        "answered '" + core::printable(text) + "' instead of a job id; look at squeue before submitting again");
  return id;
}

JobId submit(const std::filesystem::path& script, const std::vector<std::string>& arguments,
             const SubmitOptions& options) {
  GRAFTAGE_CHECK(options.attempts >= 1, options.attempts);
  if (!std::filesystem::is_regular_file(script))
    throw core::MissingInput(script.string(), "check the path of the job script");
  std::vector<std::string> argv = {"sbatch", "--parsable"};
  for (std::string& argument : dependency_argument(options.dependencies)) argv.push_back(std::move(argument));
  argv.push_back(std::filesystem::absolute(script).string());  // a relative name could look like an option
  argv.insert(argv.end(), arguments.begin(), arguments.end());

  core::ProcessOptions process;
  process.capture = true;
  auto wait = options.wait_after_failure;
  for (int attempt = 1;; ++attempt) {
    const core::ProcessResult result = core::run_process(argv, process);
    if (result.exit_code == 0) return parse_job_id(result.out);
    const std::string message = core::printable(core::trim(result.err));
    if (!is_unreachable(result.err))
      throw core::ConfigError("",
                              "sbatch refused " + script.string() + ": " + message + "; change the job's resources");
    if (attempt >= options.attempts)
      throw core::IoError("no Slurm controller answered in " + std::to_string(attempt) + " attempts: " + message +
                          "; try again later");
    std::this_thread::sleep_for(wait);
    wait *= 2;
  }
}

}  // namespace graftage::slurm

#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace graftage::slurm {

/// Name of a job: `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`, so that it can stand in a directive, a file name and a query.
class JobName {
 public:
  /// @throws ConfigError naming the text and the allowed form
  explicit JobName(std::string text);
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

/// Members first..last of a job array, at most `parallel` of them running at a time.
struct ArrayRange {
  int first = 0;
  int last = 0;
  int parallel = 1;
};

/// What a job asks Slurm for.
struct Resources {
  int nodes = 1;
  int tasks_per_node = 1;
  int cpus_per_task = 1;
  std::chrono::seconds time_limit{std::chrono::hours{2}};
  std::chrono::seconds warning{300};  ///< SIGUSR1 comes this long before the limit, or up to a minute earlier
  std::string partition{};            ///< empty: the site's default
  std::string account{};              ///< empty: the user's default
  std::optional<ArrayRange> array{};
  int max_requeues = 3;  ///< after exit code 75; preemptions are not counted. 0: the job is never requeued
};

enum class Launch {
  Once,       ///< in the batch shell: a study, which starts its stages with srun itself
  EveryTask,  ///< by `srun --mpi=pmix`: one stage
};

/// A batch job: resources, and one command that is run without interpretation by the shell.
struct JobScript {
  JobName name;
  Resources resources{};
  Launch launch = Launch::Once;
  std::vector<std::string> command{};
  std::map<std::string, std::string> environment{};  ///< the job's own variables; empty: the submitter's environment
};

/// Text of the script for sbatch. Everything but the typed directives and the quoted words is constant: the script
/// passes SIGUSR1 and SIGTERM on to the command, requeues the job when it returns 75, and hands on any other code.
/// @throws ConfigError naming the field, its value and what is allowed; nothing invalid reaches the text
[[nodiscard]] std::string render(const JobScript& script);

/// The constant end of every job script, as in jobs/*.sbatch.
[[nodiscard]] std::string_view job_body();

/// One word of a shell command that stands for exactly these bytes. @throws ConfigError for a NUL byte
[[nodiscard]] std::string shell_quoted(std::string_view text);

}  // namespace graftage::slurm

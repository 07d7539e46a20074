#include "graftage/core/process.hpp"

#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

extern char** environ;

namespace graftage::core {

namespace {

constexpr std::array kForwarded = {SIGTERM, SIGINT, SIGUSR1};

// Signal handlers can reach nothing but globals.
volatile sig_atomic_t forwarding_to = 0;
volatile sig_atomic_t forwarding_as = 0;
std::array<struct sigaction, kForwarded.size()> handlers_before;

void forward(int signal, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  // A terminal signals the whole foreground group; a second copy would look like impatience.
  if (forwarding_to > 0 && info->si_code != SI_KERNEL)
    ::kill(static_cast<pid_t>(forwarding_to), forwarding_as > 0 ? static_cast<int>(forwarding_as) : signal);
  for (std::size_t i = 0; i < kForwarded.size(); ++i) {
    if (kForwarded[i] != signal) continue;
    const struct sigaction& before = handlers_before[i];
    if ((before.sa_flags & SA_SIGINFO) != 0)
      before.sa_sigaction(signal, info, context);
    else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
      before.sa_handler(signal);
  }
  errno = saved_errno;
}

/// Blocks the forwarded signals until the child's id is known, then forwards them until the end of the scope.
class Forwarding {
 public:
  Forwarding(bool enabled, int as) : enabled_(enabled) {
    forwarding_as = as;
    sigset_t blocked;
    sigemptyset(&blocked);
    if (enabled_)
      for (const int signal : kForwarded) sigaddset(&blocked, signal);
    pthread_sigmask(SIG_BLOCK, &blocked, &mask_before_);
    if (!enabled_) return;
    struct sigaction action {};
    action.sa_sigaction = forward;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < kForwarded.size(); ++i) sigaction(kForwarded[i], &action, &handlers_before[i]);
  }
  ~Forwarding() {
    forwarding_to = 0;
    if (enabled_)
      for (std::size_t i = 0; i < kForwarded.size(); ++i) sigaction(kForwarded[i], &handlers_before[i], nullptr);
    pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  Forwarding(const Forwarding&) = delete;
  Forwarding& operator=(const Forwarding&) = delete;
  void start(pid_t child) const {
    if (!enabled_) return;
    forwarding_to = child;
    pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  void stop() const { forwarding_to = 0; }
  [[nodiscard]] const sigset_t& mask_before() const { return mask_before_; }

 private:
  bool enabled_;
  sigset_t mask_before_{};
};

/// Both ends of a pipe, close-on-exec.
class Pipe {
 public:
  explicit Pipe(bool wanted) {
    if (wanted && ::pipe2(ends_.data(), O_CLOEXEC) != 0)
      throw IoError("cannot open a pipe: " + std::generic_category().message(errno));
  }
  ~Pipe() {
    close(0);
    close(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] int end(std::size_t which) const { return ends_[which]; }
  void close(std::size_t which) {
    if (ends_[which] >= 0) ::close(ends_[which]);
    ends_[which] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

std::vector<std::string> child_environment(const ProcessOptions& options) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string name(text.substr(0, text.find('=')));
    const bool dropped = std::any_of(options.unset_prefixes.begin(), options.unset_prefixes.end(),
                                     [&](const std::string& prefix) { return name.starts_with(prefix); });
    if (!dropped && !options.set.contains(name)) result.emplace_back(text);
  }
  for (const auto& [name, value] : options.set) result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// What the child does between fork and exec; only calls that are safe there. A failure leaves its number in `report`.
[[noreturn]] void become(char* const* argv, char* const* environment, const Pipe& out, const Pipe& err,
                         const sigset_t& mask, int parent_death_signal, pid_t parent, int report) {
  struct sigaction defaults {};
  defaults.sa_handler = SIG_DFL;
  for (const int signal : kForwarded) sigaction(signal, &defaults, nullptr);
  for (const int signal : {SIGPIPE, SIGXFSZ}) sigaction(signal, &defaults, nullptr);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  if (parent_death_signal > 0) {
    ::prctl(PR_SET_PDEATHSIG, parent_death_signal);
    if (::getppid() != parent) ::_exit(128 + SIGKILL);  // it died before the line above
  }
  const bool connected =
      out.end(1) < 0 || (::dup2(out.end(1), STDOUT_FILENO) >= 0 && ::dup2(err.end(1), STDERR_FILENO) >= 0);
  if (connected) ::execvpe(argv[0], argv, environment);
  const int error = errno;
  (void)!::write(report, &error, sizeof error);
  ::_exit(127);
}

/// posix_spawn cannot ask for a signal at the parent's death, hence fork; the child's exec closes `report`.
pid_t spawn(const std::vector<std::string>& argv, const ProcessOptions& options, const Pipe& out, const Pipe& err,
            const sigset_t& mask) {
  std::vector<std::string> arguments = argv;
  std::vector<std::string> environment = child_environment(options);
  const auto argument_pointers = pointers(arguments);
  const auto environment_pointers = pointers(environment);
  const int parent_death_signal = !options.end_with_parent ? 0 : options.forward_as > 0 ? options.forward_as : SIGTERM;
  Pipe report(true);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0)
    become(argument_pointers.data(), environment_pointers.data(), out, err, mask, parent_death_signal, parent,
           report.end(1));
  int error = child < 0 ? errno : 0;
  report.close(1);
  if (child > 0) {
    ssize_t count = 0;
    while ((count = ::read(report.end(0), &error, sizeof error)) < 0 && errno == EINTR) continue;
    if (count != static_cast<ssize_t>(sizeof error)) return child;  // exec closed the pipe
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) continue;
  }
  const std::string message = "cannot start " + printable(argv[0]) + ": " + std::generic_category().message(error);
  if (error == ENOENT) throw IoError(message + "; install it, or check the spelling and PATH", ExitCode::InputMissing);
  if (error == EACCES) throw IoError(message + "; check its permissions", ExitCode::Permission);
  throw IoError(message);
}

/// Reads both pipes until the child has closed them.
void collect(Pipe& out, Pipe& err, ProcessResult& result) {
  const std::array<std::string*, 2> texts{&result.out, &result.err};
  std::array<pollfd, 2> waiting{pollfd{out.end(0), POLLIN, 0}, pollfd{err.end(0), POLLIN, 0}};
  std::array<char, 16384> buffer;
  while (waiting[0].fd >= 0 || waiting[1].fd >= 0) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0) {
      if (errno == EINTR) continue;
      throw IoError("cannot read from a child process: " + std::generic_category().message(errno));
    }
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].fd < 0 || waiting[i].revents == 0) continue;
      const ssize_t count = ::read(waiting[i].fd, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0)
        waiting[i].fd = -1;  // poll ignores it; Pipe closes it
      else
        texts[i]->append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) throw IoError("cannot wait for a child process: " + std::generic_category().message(errno));
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

ProcessResult run_process(const std::vector<std::string>& argv, const ProcessOptions& options) {
  GRAFTAGE_CHECK(!argv.empty() && !argv[0].empty());
  for (const std::string& argument : argv)
    if (argument.find('\0') != std::string::npos)
      throw UsageError("an argument of " + printable(argv[0]) + " contains a NUL character; remove it");
  Pipe out(options.capture), err(options.capture);
  const Forwarding forwarding(options.forward_signals, options.forward_as);
  const pid_t child = spawn(argv, options, out, err, forwarding.mask_before());
  forwarding.start(child);
  out.close(1);
  err.close(1);
  ProcessResult result;
  if (options.capture) collect(out, err, result);
  result.exit_code = wait_for(child);
  forwarding.stop();
  return result;
}

}  // namespace graftage::core

#include "graftage/core/stop_signal.hpp"

#include <csignal>
#include <initializer_list>
#include <unistd.h>

namespace graftage::core {

namespace {

// Signal handlers can reach nothing but globals.
volatile std::sig_atomic_t stop_flag = 0;
volatile std::sig_atomic_t interrupted = 0;

void on_signal(int signal) {
  if (signal == SIGINT) {
    if (interrupted != 0) _exit(128 + SIGINT);
    interrupted = 1;
  }
  stop_flag = 1;
}

}  // namespace

void install_stop_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;  // library calls that do not expect EINTR go on; the loop looks at the flag
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaction(signal, &action, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;  // a write beyond RLIMIT_FSIZE shall fail with EFBIG, not end the process
  sigaction(SIGXFSZ, &ignore, nullptr);
}

bool stop_requested() noexcept { return stop_flag != 0; }

void request_stop() noexcept { stop_flag = 1; }

void clear_stop_request() noexcept {
  stop_flag = 0;
  interrupted = 0;
}

}  // namespace graftage::core

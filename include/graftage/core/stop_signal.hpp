#pragma once

namespace graftage::core {

/// Installs handlers for SIGTERM, SIGINT and SIGUSR1 that only set a flag; loops look at it at step boundaries.
/// A second SIGINT ends the process at once (130).
void install_stop_signal_handlers();
/// True after one of the signals arrived.
[[nodiscard]] bool stop_requested() noexcept;
/// For tests: as if a signal had arrived.
void request_stop() noexcept;
void clear_stop_request() noexcept;

}  // namespace graftage::core

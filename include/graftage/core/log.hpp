#pragma once

#include <string_view>

namespace graftage::core {

enum class LogLevel { Debug, Info, Warning, Error };

/// Sets up the log on stderr: everything from rank 0, warnings and errors from the others.
void configure_log(LogLevel level, int rank, int num_ranks);
void log_debug(std::string_view message);
void log_info(std::string_view message);
void log_warning(std::string_view message);
void log_error(std::string_view message);

}  // namespace graftage::core

#include "graftage/core/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <string>

namespace graftage::core {

namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    auto created =
        std::make_shared<spdlog::logger>("graftage", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    created->set_pattern("%H:%M:%S %^%l%$ %v");
    created->set_level(spdlog::level::info);
    created->flush_on(spdlog::level::warn);
    return created;
  }();
  return *instance;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Error:
      break;
  }
  return spdlog::level::err;
}

void write(LogLevel level, std::string_view message) {
  std::string text(message);
  for (char& c : text)  // foreign names must not drive the terminal; line breaks stay
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f) c = '?';
  logger().log(spdlog_level(level), spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace

void configure_log(LogLevel level, int rank, int num_ranks) {
  const auto wanted = spdlog_level(level);
  logger().set_level(rank == 0 ? wanted : std::max(wanted, spdlog::level::warn));
  const std::string prefix = num_ranks > 1 && rank > 0 ? "[rank " + std::to_string(rank) + "] " : "";
  logger().set_pattern("%H:%M:%S %^%l%$ " + prefix + "%v");
}

void log_debug(std::string_view message) { write(LogLevel::Debug, message); }
void log_info(std::string_view message) { write(LogLevel::Info, message); }
void log_warning(std::string_view message) { write(LogLevel::Warning, message); }
void log_error(std::string_view message) { write(LogLevel::Error, message); }

}  // namespace graftage::core

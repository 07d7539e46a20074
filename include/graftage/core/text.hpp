#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace graftage::core {

[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);
/// The candidate closest to `word` by Damerau-Levenshtein distance, or empty if none is near.
[[nodiscard]] std::string nearest_match(std::string_view word, const std::vector<std::string>& candidates);
/// ` (did you mean 'x'?)` or an empty string: ready to append to a message.
[[nodiscard]] std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);
/// Control characters replaced by '?', so foreign text cannot drive a terminal.
[[nodiscard]] std::string printable(std::string_view text);
/// Shortest decimal text that reads back as the same double; locale-independent.
[[nodiscard]] std::string format_double(double value);
/// Fixed decimals, locale-independent.
[[nodiscard]] std::string format_fixed(double value, int decimals);
/// 1234567 -> "1,234,567".
[[nodiscard]] std::string group_thousands(std::int64_t value);
/// 83.2 -> "1m 23s".
[[nodiscard]] std::string format_duration(double seconds);

}  // namespace graftage::core

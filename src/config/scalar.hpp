#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What a plain scalar means: the YAML 1.2 core schema, with yes/no/on/off as booleans where a boolean is asked for.
namespace graftage::config::detail {

[[nodiscard]] bool is_null_word(std::string_view text);
/// true, false, yes, no, on, off in lower, upper or title case.
[[nodiscard]] std::optional<bool> as_bool(std::string_view text);
/// true and false only: what is a boolean without being asked for one.
[[nodiscard]] std::optional<bool> as_core_bool(std::string_view text);
/// Decimal integer of 64 bits.
[[nodiscard]] std::optional<std::int64_t> as_integer(std::string_view text);
/// Finite decimal number that a double can hold (not 1e400), independent of the locale.
[[nodiscard]] std::optional<double> as_number(std::string_view text);
/// ".inf", "nan" and their relatives, which are never accepted.
[[nodiscard]] bool is_non_finite_word(std::string_view text);
/// The text as a JSON string, which is also a double-quoted scalar of YAML.
[[nodiscard]] std::string double_quoted(std::string_view text);

}  // namespace graftage::config::detail

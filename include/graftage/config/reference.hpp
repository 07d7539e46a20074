#pragma once

#include "graftage/config/fields.hpp"

#include <string>
#include <vector>

namespace graftage::config {

/// Every field of a struct and of the structs in it, with the defaults of a fresh one.
template <class T>
[[nodiscard]] std::vector<FieldInfo> list_fields(const std::string& prefix = "") {
  T defaults{};
  FieldLister lister(prefix);
  visit_fields(lister, defaults);
  return std::move(lister.fields);
}

/// A Markdown section with one table row per field: key, type, default, allowed values, meaning.
[[nodiscard]] std::string reference_markdown(const std::string& title, const std::vector<FieldInfo>& fields);

}  // namespace graftage::config

#include "graftage/core/error.hpp"

#include <string_view>

namespace graftage::core::detail {

namespace {

/// Path below the checkout: messages must not depend on where the program was built.
std::string_view source_name(std::string_view file) {
  for (const std::string_view root : {"/src/", "/include/", "/tests/"}) {
    const std::size_t at = file.rfind(root);
    if (at != std::string_view::npos) return file.substr(at + 1);
  }
  return file;
}

}  // namespace

void check_failed(const char* condition, const char* file, int line, const std::string& values) {
  std::ostringstream message;
  message << "internal error: check failed: " << condition;
  if (!values.empty()) message << " [values:" << values << ']';
  message << " at " << source_name(file) << ':' << line << "; please report it with the command line";
  throw InternalError(message.str());
}

}  // namespace graftage::core::detail

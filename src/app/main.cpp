#include "app/command.hpp"
#include "graftage/core/as_error.hpp"
#include "graftage/core/text.hpp"

#include <iostream>

int main(int argc, char** argv) {
  try {
    return graftage::app::dispatch({argv, argv + argc});
  } catch (const std::exception& exception) {
    const auto error = graftage::core::as_error(exception);
    std::cerr << "graftage: " << graftage::core::printable(error.what()) << '\n';
    return static_cast<int>(error.exit_code());
  }
}

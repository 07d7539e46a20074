#include "app/command.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/exit_code.hpp"
#include "graftage/core/text.hpp"

#include <iostream>

int main(int argc, char** argv) {
  using graftage::core::ExitCode;
  try {
    return graftage::app::dispatch({argv, argv + argc});
  } catch (const graftage::core::Error& error) {
    std::cerr << "graftage: " << graftage::core::printable(error.what()) << '\n';
    return static_cast<int>(error.exit_code());
  } catch (const std::bad_alloc&) {
    std::cerr << "graftage: out of memory; use a smaller batch or more ranks on more nodes\n";
  } catch (const std::exception& error) {
    std::cerr << "graftage: internal error: " << graftage::core::printable(error.what()) << "; please report it\n";
  }
  return static_cast<int>(ExitCode::Internal);
}

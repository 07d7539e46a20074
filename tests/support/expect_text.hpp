#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

/// The text contains the part; shows the text if not.
#define EXPECT_HAS(text, part) EXPECT_NE(std::string(text).find(part), std::string::npos) << (text)

namespace graftage::support {

/// What the exception that an action throws says.
template <class Error>
std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace graftage::support

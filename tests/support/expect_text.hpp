#pragma once

#include <gtest/gtest.h>

#include <string>

/// The text contains the part; shows the text if not.
#define EXPECT_HAS(text, part) EXPECT_NE(std::string(text).find(part), std::string::npos) << (text)

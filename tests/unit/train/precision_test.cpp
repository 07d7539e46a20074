#include "graftage/train/precision.hpp"

#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/exit_code.hpp"
#include "support/tiny_task.hpp"

#include <gtest/gtest.h>

namespace graftage::train {
namespace {

constexpr core::CpuFeatures kPlain{.avx2 = true};
constexpr core::CpuFeatures kVectors{.avx2 = true, .avx512 = true, .avx512_bf16 = true};
constexpr core::CpuFeatures kTiles{.avx2 = true, .avx512 = true, .avx512_bf16 = true, .amx_bf16 = true};

TEST(Precision, AutoIsBf16WithTilesOnly) {
  EXPECT_EQ(best_precision(kPlain), Precision::Fp32);
  EXPECT_EQ(best_precision(kVectors), Precision::Fp32);
  EXPECT_EQ(best_precision(kTiles), Precision::Bf16);
}

TEST(Precision, Bf16IsRefusedWhereTheProcessorLacksIt) {
  EXPECT_NO_THROW(require_precision(Precision::Fp32, kPlain));
  EXPECT_NO_THROW(require_precision(Precision::Bf16, kVectors));
  try {
    require_precision(Precision::Bf16, kPlain);
    FAIL() << "accepted";
  } catch (const core::ConfigError& error) {
    EXPECT_EQ(error.exit_code(), core::ExitCode::Config);
    EXPECT_NE(std::string(error.what()).find("AVX2"), std::string::npos) << error.what();
  }
}

TEST(Precision, AutoKeepsItsMeaningInADirectory) {
  support::ScratchDirectory scratch("precision");
  const mpi::Communicator self = mpi::Communicator::self();

  const Precision first = settle_precision(Precision::Auto, scratch / "run", self);
  EXPECT_EQ(first, best_precision(core::cpu_features()));
  EXPECT_EQ(settled_precision(scratch / "run"), first);

  adopt_precision(scratch / "other", Precision::Bf16);
  adopt_precision(scratch / "other", Precision::Fp32);  // too late
  EXPECT_EQ(settled_precision(scratch / "other"), Precision::Bf16);
  const core::CpuFeatures& cpu = core::cpu_features();
  if (cpu.amx_bf16 || cpu.avx512_bf16) {
    EXPECT_EQ(settle_precision(Precision::Auto, scratch / "other", self), Precision::Bf16);
  } else {
    EXPECT_THROW((void)settle_precision(Precision::Auto, scratch / "other", self), core::ConfigError);
  }
}

TEST(Precision, WhatWasAskedForByNameLeavesNoFile) {
  support::ScratchDirectory scratch("precision-named");

  EXPECT_EQ(settle_precision(Precision::Fp32, scratch / "run", mpi::Communicator::self()), Precision::Fp32);
  EXPECT_EQ(settled_precision(scratch / "run"), std::nullopt);
}

TEST(Precision, ADamagedRecordIsNamed) {
  support::ScratchDirectory scratch("precision-damaged");
  core::create_directories(scratch / "run");
  core::commit_text(scratch / "run" / "precision.json", "{\"auto\": \"fp8\"}");

  EXPECT_THROW((void)settled_precision(scratch / "run"), core::DataError);
}

}  // namespace
}  // namespace graftage::train

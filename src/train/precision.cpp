#include "graftage/train/precision.hpp"

#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/log.hpp"
#include "graftage/mpi/agreement.hpp"

#include <nlohmann/json.hpp>

namespace graftage::train {

namespace {

constexpr const char* kFile = "precision.json";
constexpr const char* kKey = "auto";

/// All ranks' processors in one: what each of them has.
core::CpuFeatures common_features(const mpi::Communicator& communicator) {
  const core::CpuFeatures& own = core::cpu_features();
  const auto all = [&](bool has) { return !mpi::any_of(communicator, !has); };
  return {.avx2 = all(own.avx2),
          .avx512 = all(own.avx512),
          .avx512_bf16 = all(own.avx512_bf16),
          .amx_bf16 = all(own.amx_bf16)};
}

}  // namespace

std::vector<std::string> enum_names(const Precision*) { return {"fp32", "bf16", "auto"}; }

std::string name_of(Precision precision) { return enum_names(&precision)[static_cast<std::size_t>(precision)]; }

graph::MatmulPrecision matmul_precision(Precision precision) {
  GRAFTAGE_CHECK(precision != Precision::Auto);
  return precision == Precision::Bf16 ? graph::MatmulPrecision::BFloat16 : graph::MatmulPrecision::Float32;
}

Precision best_precision(const core::CpuFeatures& cpu) { return cpu.amx_bf16 ? Precision::Bf16 : Precision::Fp32; }

void require_precision(Precision precision, const core::CpuFeatures& cpu) {
  if (precision != Precision::Bf16 || cpu.amx_bf16 || cpu.avx512_bf16) return;
  throw core::ConfigError("", "precision: bf16 is not available here: the processor (" + cpu.describe() +
                                  ") has neither AMX nor AVX-512 bf16; run on one that has, or start anew with "
                                  "precision: fp32 and another output directory");
}

Precision settle_precision(Precision wanted, const std::filesystem::path& directory,
                           const mpi::Communicator& communicator) {
  const core::CpuFeatures cpu = common_features(communicator);
  Precision precision = wanted;
  mpi::agree(communicator, [&] {
    if (wanted == Precision::Auto) precision = settled_precision(directory).value_or(best_precision(cpu));
    require_precision(precision, cpu);
  });
  if (wanted != Precision::Auto) return precision;
  mpi::agree(communicator, [&] {
    if (communicator.is_root()) adopt_precision(directory, precision);
  });
  core::log_info("precision: auto is " + name_of(precision) + " (" + cpu.describe() + ")");
  return precision;
}

std::optional<Precision> settled_precision(const std::filesystem::path& directory) {
  const auto path = directory / kFile;
  if (!std::filesystem::exists(path)) return std::nullopt;
  const auto record = nlohmann::json::parse(core::read_text(path), nullptr, /*allow_exceptions=*/false);
  if (record.is_object() && record.contains(kKey))
    for (const Precision precision : {Precision::Fp32, Precision::Bf16})
      if (record[kKey] == name_of(precision)) return precision;
  throw core::DataError(path.string(), kKey,
                        "is neither fp32 nor bf16; remove the file to settle precision: auto anew");
}

void adopt_precision(const std::filesystem::path& directory, Precision precision) {
  GRAFTAGE_CHECK(precision != Precision::Auto);
  if (settled_precision(directory)) return;
  core::create_directories(directory);
  core::commit_text(directory / kFile, nlohmann::json{{kKey, name_of(precision)}}.dump() + "\n");
}

}  // namespace graftage::train

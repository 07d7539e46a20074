#pragma once

#include "graftage/core/cpu_features.hpp"
#include "graftage/graph/linear.hpp"
#include "graftage/mpi/communicator.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace graftage::train {

/// Of an encoder's matrix products. bf16 rounds their operands to bfloat16; weights, sums, statistics, losses and
/// gradients stay float32 (performance 2.2). auto is settled once per run: bf16 where the processor has AMX, where
/// alone it is faster, else fp32.
enum class Precision { Fp32, Bf16, Auto };
std::vector<std::string> enum_names(const Precision*);
[[nodiscard]] std::string name_of(Precision precision);

/// Of a matrix product. @pre not auto
[[nodiscard]] graph::MatmulPrecision matmul_precision(Precision precision);

/// What auto means on a processor.
[[nodiscard]] Precision best_precision(const core::CpuFeatures& cpu);
/// @throws ConfigError (78) for bf16 on a processor that could only imitate it
void require_precision(Precision precision, const core::CpuFeatures& cpu);

/// The precision of everything in a run directory. auto means what `directory`/precision.json says; without one all
/// ranks decide together, and the root writes it down. Collective.
/// @return fp32 or bf16, the same on all ranks @throws ConfigError (78) if some rank's processor lacks it
[[nodiscard]] Precision settle_precision(Precision wanted, const std::filesystem::path& directory,
                                         const mpi::Communicator& communicator);
/// What auto was settled to in a directory, if it was. @throws DataError for a damaged file
[[nodiscard]] std::optional<Precision> settled_precision(const std::filesystem::path& directory);
/// Settles auto in a directory as elsewhere in the same study; does nothing if it is settled there.
void adopt_precision(const std::filesystem::path& directory, Precision precision);

}  // namespace graftage::train

#include "graftage/train/numerics.hpp"

#include "graftage/core/build_info.hpp"
#include "graftage/core/error.hpp"
#include "graftage/graph/linear.hpp"

#include <ATen/Parallel.h>
#include <ATen/Version.h>

#include <cstdlib>
#include <regex>

namespace graftage::train {

namespace {

/// "AVX512", "AVX2", "DEFAULT": what LibTorch's kernels were chosen for.
std::string cpu_class() { return at::get_cpu_capability(); }

/// MKL's fixed code path, so that it does not choose by processor model or address (reliability 2.2). Rows that do not
/// depend on the rows beside them are promised on Intel processors only; on an AMD Zen 4 one or two rows differ
/// [measured].
std::string mkl_code_path() {
  const std::string cpu = cpu_class();
  return cpu == "AVX512" ? "AVX512,STRICT" : cpu == "AVX2" ? "AVX2,STRICT" : "COMPATIBLE";
}

std::string mkl_version() {
  std::smatch match;
  const std::string text = at::get_mkl_version();
  return std::regex_search(text, match, std::regex("[0-9]+\\.[0-9]+")) ? match.str() : "none";
}

std::string library(const std::string& name) {
  for (const auto& [key, version] : core::build_info().libraries)
    if (key == name) return version;
  return "unknown";
}

}  // namespace

std::string configure_numerics(int num_threads) {
  GRAFTAGE_CHECK(num_threads >= 1, num_threads);
  ::setenv("MKL_CBWR", mkl_code_path().c_str(), 1);  // MKL reads it at its first call, which comes later
  at::set_num_threads(num_threads);
  if (at::get_num_interop_threads() != 1) at::set_num_interop_threads(1);
  return std::to_string(num_threads) + (num_threads == 1 ? " thread, " : " threads, ") + cpu_class() + ", MKL " +
         mkl_version();
}

std::string reproducibility_class(Precision precision) {
  return "cpu " + cpu_class() + "; libtorch " + library("libtorch") + "; mkl " + mkl_version() + " " + mkl_code_path() +
         "; products " + graph::product_kernels() + "; compiler " + core::build_info().compiler +
         (precision == Precision::Bf16 ? core::cpu_features().amx_bf16 ? "; bf16 by AMX" : "; bf16 by AVX-512" : "");
}

}  // namespace graftage::train

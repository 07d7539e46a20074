// Microbenchmarks of single operators: bench_kernels [--benchmark_filter=linear …]. One thread.

#include "graftage/train/numerics.hpp"
#include "kernels.hpp"

#include <benchmark/benchmark.h>

int main(int argc, char** argv) {
  (void)graftage::train::configure_numerics(1);
  graftage::bench::register_operators();
  graftage::bench::register_feeding();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

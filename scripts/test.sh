#!/usr/bin/env bash
# Installs what is missing, builds, runs every test, checks format and layers, then the unit tests under sanitizers
# (of the LibTorch modules only graph and nn, and only while that fits into 30 minutes; it says so).
#
#   scripts/test.sh                  everything
#   scripts/test.sh --no-sanitize    without the sanitizer build
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/phases.sh

# A cold build of the tensor modules under sanitizers takes 10 minutes on 2 cores; the whole script shall stay under 30.
readonly TENSOR_SANITIZER_BY=${GRAFTAGE_TENSOR_SANITIZER_BY:-17}
# The kernels and layers; data, train, pretrain, adapt and app are left to scripts/check.sh sanitize.
readonly TENSOR_SANITIZER_TESTS='^unit_(graph|nn)$'

sanitize=yes
case "${1:-}" in
  '') ;;
  --no-sanitize) sanitize=no ;;
  *)
    sed -n '2,6s/^# \{0,1\}//p' "$0"
    [ "$1" = --help ] && exit 0 || exit 64
    ;;
esac

check_format() {
  local files
  mapfile -t files < <(find include src tests bench -name '*.[ch]pp' | sort)
  clang-format --dry-run -Werror "${files[@]}"
  echo "format: ${#files[@]} files"
}

if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

begin_phases build/logs/test
scripts/setup.sh --tests
phase "format" check_format
phase "layers" scripts/check_layers.py
phase "configure" cmake --preset release
phase "build" cmake --build --preset release --parallel "$(compile_jobs)"
phase_tail=80 phase "test" ctest --preset release
if [ "$sanitize" = yes ]; then
  phase "configure (sanitizers)" cmake --preset sanitize
  phase "build (sanitizers)" cmake --build --preset sanitize --parallel "$(compile_jobs)" --target unit_tests_light
  phase_tail=80 phase "unit tests (sanitizers)" ctest --preset sanitize -L light
  if within_minutes "$TENSOR_SANITIZER_BY"; then
    phase "build (sanitizers, LibTorch)" cmake --build --preset sanitize --parallel "$(compile_jobs)" --target test_graph test_nn
    phase_tail=80 phase "unit tests (sanitizers, LibTorch)" ctest --preset sanitize -R "$TENSOR_SANITIZER_TESTS"
  else
    printf -- '- %-34s left out after %d minutes; run it alone with scripts/check.sh sanitize\n' \
      "sanitizers, LibTorch" "$TENSOR_SANITIZER_BY"
  fi
fi
end_phases "all passed"

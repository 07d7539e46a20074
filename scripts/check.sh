#!/usr/bin/env bash
# Slower checks for developers, beyond scripts/test.sh. Needs clang, clang-tidy, libomp-dev and shellcheck.
#
#   scripts/check.sh            all of them
#   scripts/check.sh NAME...    some of: shell sanitize tidy tidy-all clang threads
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/phases.sh

readonly LIGHT_MODULES=(core config mpi h5 slurm sweep study report)

check_shell() { shellcheck -S warning -x -P SCRIPTDIR -P SCRIPTDIR/support scripts/*.sh tests/e2e/*.sh .ci/run; }

# clang-tidy cannot read g++'s precompiled header, so it gets a configuration of clang's own.
configure_clang() {
  cmake -G Ninja -B build/clang -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
    -DGRAFTAGE_TORCH="$1"
}

tidy() {
  local files=()
  mapfile -t files < <(for module in "$@"; do find "src/$module" -name '*.cpp'; done | sort)
  printf '%s\n' "${files[@]}" | xargs -P "$(usable_cores)" -n 2 clang-tidy --quiet -p build/clang
  echo "tidy: ${#files[@]} files"
}

check_tidy() { configure_clang OFF && cmake --build build/clang --target graftage_git_revision && tidy "${LIGHT_MODULES[@]}"; }

check_tidy_all() {
  configure_clang ON && cmake --build build/clang --target graftage_pch &&
    tidy "${LIGHT_MODULES[@]}" graph data nn train pretrain adapt app
}

check_clang() { configure_clang ON && cmake --build build/clang --parallel "$(compile_jobs)" --target graftage unit_tests; }

check_sanitize() {
  cmake --preset sanitize && cmake --build --preset sanitize --parallel "$(compile_jobs)" --target unit_tests &&
    ctest --preset sanitize
}

# The modules without LibTorch: its OpenMP runtime is not instrumented and reports races that are none.
check_threads() {
  cmake -G Ninja -B build/threads -DCMAKE_BUILD_TYPE=Sanitize -DGRAFTAGE_SANITIZE=thread -DGRAFTAGE_TORCH=OFF &&
    cmake --build build/threads --parallel "$(compile_jobs)" --target unit_tests &&
    ctest --test-dir build/threads -L unit --output-on-failure
}

names=("$@")
[ ${#names[@]} -gt 0 ] || names=(shell sanitize tidy clang threads tidy-all)
begin_phases build/logs/check
for name in "${names[@]}"; do
  case $name in
    shell | sanitize | tidy | tidy-all | clang | threads) phase "$name" "check_${name//-/_}" ;;
    *)
      sed -n '2,5s/^# \{0,1\}//p' "$0"
      exit 64
      ;;
  esac
done
end_phases "all checks passed"

#!/usr/bin/env bash
# Races graftage against PyTorch Geometric and plain PyTorch and says what came out; docs/performance.md explains the rows.
#
#   scripts/bench.sh [--quick] [B1 B2 B3 B4 B5 B6 B7 B9 B11 kernels ablation | all]
#
# Without a row: all but ablation, about 20 minutes. --quick takes 2 blocks per race instead of 10: to try the suite, not to
# quote it. Installs the peers (torch_geometric, h5py, scipy, optuna) into .venv, builds the preset bench, and imports what it
# races on: 65,536 ChEMBL molecules if ../shared/data is there, else ZINC 250k if it is imported, else the quickstart's; BBBP or
# the quickstart's task. CORPUS=DIR and TASK=DIR name others. Results: build/bench-results.jsonl; as a table: bench/table.py
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/phases.sh

usage() { sed -n '2,10s/^# \{0,1\}//p' "$0"; }

quick=()
rows=()
for argument; do
  case "$argument" in
    --quick) quick=(--quick) ;;
    --help) usage && exit 0 ;;
    -*) usage && exit 64 ;;
    *) rows+=("$argument") ;;
  esac
done

install_peers() {
  [ -x .venv/bin/python ] || "$(command -v /usr/bin/python3 || command -v python3)" -m venv .venv
  .venv/bin/python -c 'import h5py, torch, torch_geometric, scipy' 2>/dev/null ||
    .venv/bin/python -m pip install torch==2.13.0 torch_geometric h5py scipy
  # One row tells what it costs to run trials in Optuna; without it that row says so.
  .venv/bin/python -c 'import optuna' 2>/dev/null || .venv/bin/python -m pip install optuna || true
}

readonly data=../shared/data

choose_corpus() {
  if [ -n "${CORPUS:-}" ]; then
    echo "$CORPUS"
  elif [ -e runs/corpora/chembl64k/index.h5 ] || [ -e $data/corpus/chembl.csv.gz ]; then
    echo runs/corpora/chembl64k
  elif [ -e runs/corpora/zinc250k/index.h5 ]; then
    echo runs/corpora/zinc250k
  else
    echo runs/quickstart/corpora/pretrain
  fi
}

choose_task() {
  if [ -n "${TASK:-}" ]; then
    echo "$TASK"
  elif [ -e runs/corpora/bbbp/index.h5 ] || [ -e $data/moleculenet/bbbp.csv.gz ]; then
    echo runs/corpora/bbbp
  else
    echo runs/quickstart/corpora/nav
  fi
}

import() {
  mpirun -q -n "$(usable_cores)" --bind-to none build/bench/graftage import --config "$1"
}

import_corpus() {
  local config
  case "$1" in
    runs/corpora/chembl64k) import bench/corpora/chembl.yaml ;;
    runs/corpora/bbbp) import configs/corpora/bbbp.yaml ;;
    runs/quickstart/*)
      for config in quickstart_nav quickstart_brenk quickstart_pretrain; do
        import "configs/corpora/$config.yaml"
      done
      ;;
    *)
      echo "there is no corpus in $1" >&2
      return 66
      ;;
  esac
}

if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

corpus=$(choose_corpus)
task=$(choose_task)
begin_phases build/logs/bench
scripts/setup.sh --tests
phase "peers" install_peers
phase "configure" cmake --preset bench
phase "build" cmake --build --preset bench --parallel "$(compile_jobs)" --target bench_worker bench_kernels graftage
for folder in "$corpus" "$task"; do
  [ -e "$folder/index.h5" ] || phase "import $folder" import_corpus "$folder"
done
phase "check the harness" .venv/bin/python bench/tests/harness_test.py
end_phases "ready to race"

exec .venv/bin/python bench/bench.py "${quick[@]}" --corpus "$corpus" --task "$task" "${rows[@]:-all}"

#!/usr/bin/env bash
# Races graftage's pretraining steps against the same model in PyTorch Geometric on one core and prints graphs/s and the ratio.
#
#   scripts/bench.sh [masking|l2p]     both without an argument
#
# Installs the peer (torch_geometric, h5py) into .venv, builds the preset bench, and imports a corpus where there is none:
# ZINC 250k if ../shared/data is there, else the quickstart's. CORPUS=DIR names another one. Results: build/bench-results.jsonl
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/phases.sh

readonly results=build/bench-results.jsonl
races="attribute_masking l2p"
case "${1:-}" in
  '') ;;
  masking) races=attribute_masking ;;
  l2p) races=l2p ;;
  *)
    sed -n '2,7s/^# \{0,1\}//p' "$0"
    [ "$1" = --help ] && exit 0 || exit 64
    ;;
esac

install_peer() {
  [ -x .venv/bin/python ] || "$(command -v /usr/bin/python3 || command -v python3)" -m venv .venv
  .venv/bin/python -c 'import h5py, torch, torch_geometric' 2>/dev/null ||
    .venv/bin/python -m pip install torch==2.13.0 torch_geometric h5py
}

# Prints the folder of the corpus to race on.
choose_corpus() {
  if [ -n "${CORPUS:-}" ]; then
    echo "$CORPUS"
  elif [ -e runs/corpora/zinc250k/index.h5 ] || [ -e ../shared/data/corpus/zinc250k.csv.gz ]; then
    echo runs/corpora/zinc250k
  else
    echo runs/quickstart/corpora/pretrain
  fi
}

import_corpus() {
  local config configs=(zinc250k)
  [ "$1" = runs/corpora/zinc250k ] || configs=(quickstart_nav quickstart_brenk quickstart_pretrain)
  for config in "${configs[@]}"; do
    mpirun -q -n "$(nproc)" --bind-to none build/bench/graftage import --config "configs/corpora/$config.yaml"
  done
}

if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

corpus=$(choose_corpus)
begin_phases build/logs/bench
scripts/setup.sh --tests
phase "peer" install_peer
phase "configure" cmake --preset bench
phase "build" cmake --build --preset bench --parallel "$(compile_jobs)" --target bench_pretrain_step
if [ ! -e "$corpus/index.h5" ]; then
  phase "build the importer" cmake --build --preset bench --parallel "$(compile_jobs)" --target graftage
  phase "import $corpus" import_corpus "$corpus"
fi
end_phases "ready to race"

for objective in $races; do
  size=(--batch 256 --steps 1 --blocks 16)
  [ "$objective" = attribute_masking ] || size=(--batch 64 --steps 1 --blocks 8)
  echo
  .venv/bin/python bench/pretrain_step/race.py --objective "$objective" --worker build/bench/bench/bench_pretrain_step \
    --corpus "$corpus" "${size[@]}" --revision "$(git describe --always --dirty 2>/dev/null || echo unknown)" --output "$results"
done
echo
echo "details: $results"

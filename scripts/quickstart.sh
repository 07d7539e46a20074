#!/usr/bin/env bash
# Installs what is missing, builds graftage, runs the quickstart study on 2 ranks and prints its table.
#
#   scripts/quickstart.sh [--set KEY=VALUE ...]     arguments go to `graftage study`
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/phases.sh

begin_phases build/logs/quickstart
scripts/setup.sh
phase "configure" cmake --preset release
phase "build" cmake --build --preset release --parallel "$(compile_jobs)" --target graftage
end_phases "ready to run"
echo

if [ "$(id -u)" -eq 0 ]; then
  # mpirun refuses root unless told twice; containers often have no other user.
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
exec build/release/graftage study configs/studies/quickstart.yaml "$@"

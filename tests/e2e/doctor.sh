#!/usr/bin/env bash
# graftage doctor: this machine, ranks under mpirun, a directory nobody may write to, more threads than cores, lonely ranks.
. "$(dirname "$0")/support/workspace.sh"
g=$GRAFTAGE_BIN

expect 0 "$g" doctor
said ' 0 FAIL'
for topic in program processor libraries OpenMP launcher threads pinning 'GEMM rate' allocator memory Slurm \
  'run directory' 'free space' HDF5 'open files' clock; do
  [ "$(grep -cE "^(ok|warn|FAIL) +$topic" output)" -eq 1 ] || fail "not one line about $topic"
done
said 'none: one process alone'
said 'GFLOP/s'
[ -z "$(find . -name '.graftage-doctor*')" ] || fail 'the trial file was left behind'

expect 0 ranks 2 doctor --output runs/new
said 'mpirun, 2 ranks over PMIx'
said 'runs/new (to be made in'
[ "$(grep -c 'run directory' output)" -eq 1 ] || fail 'more than one rank printed'
[ ! -e runs ] || fail 'doctor made the run directory'

# A study: its run directory, and whether its ranks and threads fit.
# shellcheck source=../../scripts/phases.sh
. "$GRAFTAGE_SOURCE_DIR/scripts/phases.sh"
cores=$(usable_cores)
cat >crowded.yaml <<END
name: crowded
output: runs/crowded
launcher: {ranks: $((cores + 1))}
pretrain: [configs/tiny_l2p.yaml]
END
expect 0 "$g" doctor --config crowded.yaml
said 'more threads than cores'
said 'lower launcher.ranks or train.threads'
expect 0 "$g" doctor --config crowded.yaml --set launcher.ranks=1
said '1 rank x 1 thread'
expect 78 "$g" doctor --config crowded.yaml --set launcher.rank=1
said "did you mean 'ranks'?"
expect 64 "$g" doctor --set launcher.ranks=1
said '--config STUDY.yaml'

touch a_file
expect 73 "$g" doctor --output a_file
said 'FAIL  run directory'
said 'is not a directory'
expect 73 ranks 2 doctor --output a_file
if [ "$(id -u)" -eq 0 ]; then
  expect 73 "$g" doctor --output /proc/self/fd/none
else
  mkdir locked && chmod 500 locked
  expect 77 "$g" doctor --output locked/run
fi
said 'no file can be written'

# Each process is told that it is one of three, and finds itself alone.
expect 70 env PMI_SIZE=3 "$g" doctor
said 'FAIL  launcher'
said 'MPI sees one rank only'

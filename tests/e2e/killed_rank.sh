#!/usr/bin/env bash
# A rank killed in the middle ends the job; nothing half-written counts; the same command goes on to the same bytes.
# SIGTERM writes a checkpoint and exits 75.
. "$(dirname "$0")/support/workspace.sh"

expect 0 ranks 2 import --config configs/tiny_task.yaml
expect 0 ranks 2 import --config configs/tiny_corpus.yaml
long=(pretrain --config configs/tiny_l2p.yaml --set train.epochs=120 --set train.checkpoint_seconds=0.2)

expect 0 ranks 2 "${long[@]}"
undisturbed=$(sha256sum <runs/tiny/pretrain/l2p/encoder.h5)
rm -r runs/tiny/pretrain

newest_checkpoint() { { find runs/tiny/pretrain/l2p/checkpoints -name 'step-*.h5' 2>/dev/null || true; } | LC_ALL=C sort | tail -n 1; }

# Starts the job and returns once it has written a checkpoint of its own.
start_and_wait_for_checkpoint() {
  local before
  before=$(newest_checkpoint)
  ranks 2 "${long[@]}" >job_output 2>&1 &
  job=$!
  for _ in $(seq 600); do
    [ "$(newest_checkpoint)" != "$before" ] && return
    sleep 0.05
  done
  cat job_output >&2
  fail 'no checkpoint appeared'
}

# Process id of one of the ranks, not of mpirun.
one_rank() { pgrep -n -f "^$GRAFTAGE_BIN pretrain" || fail 'no rank is running'; }

start_and_wait_for_checkpoint
kill -9 "$(one_rank)"
code=0
wait "$job" || code=$?
[ "$code" -ne 0 ] || fail 'the job survived the death of a rank'
[ ! -e runs/tiny/pretrain/l2p/encoder.h5 ] || fail 'an encoder was written after a rank was killed'

start_and_wait_for_checkpoint
kill -TERM "$(one_rank)"
code=0
wait "$job" || code=$?
[ "$code" -eq 75 ] || { cat job_output >&2; fail "SIGTERM gave $code instead of 75"; }

expect 0 ranks 3 "${long[@]}"
[ "$(sha256sum <runs/tiny/pretrain/l2p/encoder.h5)" = "$undisturbed" ] || fail 'the resumed run has other bytes'
[ -z "$(find runs -name '.*.tmp')" ] || fail 'temporary files were left behind'

#!/usr/bin/env bash
# SIGTERM to a study: the running stage writes its checkpoint, the study exits 75, and the same command goes on to the same bytes.
. "$(dirname "$0")/support/workspace.sh"

sed -i 's/epochs: 2}/epochs: 40, checkpoint_seconds: 1000}/' configs/tiny_l2p.yaml
"$GRAFTAGE_BIN" study configs/tiny_study.yaml >job_output 2>&1 &
job=$!
for _ in $(seq 1200); do
  [ -s runs/tiny/pretrain/l2p/metrics.jsonl ] && break
  sleep 0.05
done
kill -TERM "$job"
code=0
wait "$job" || code=$?
[ "$code" -eq 75 ] || { cat job_output >&2; fail "SIGTERM gave $code instead of 75"; }
compgen -G 'runs/tiny/pretrain/l2p/checkpoints/step-*.h5' >/dev/null || { cat job_output >&2; fail 'no checkpoint was written'; }
[ ! -e runs/tiny/pretrain/l2p/encoder.h5 ] || fail 'the stage was not interrupted'

expect 0 "$GRAFTAGE_BIN" study configs/tiny_study.yaml
said 'import oxygen: done before'
resumed=$(digest_of runs/tiny)
mv runs interrupted
expect 0 "$GRAFTAGE_BIN" study configs/tiny_study.yaml
without_checkpoints() { grep -v checkpoints; }
[ "$(digest_of runs/tiny | without_checkpoints)" = "$(without_checkpoints <<<"$resumed")" ] || fail 'the resumed study has other bytes'

#!/usr/bin/env bash
# A study as a Slurm job: interrupted in the middle of pretraining it is requeued under its job id, ends with an intact
# report, and leaves the bytes of a study that mpirun ran undisturbed.
. "$(dirname "$0")/support/workspace.sh"
sandbox=$GRAFTAGE_SOURCE_DIR/scripts/slurm_sandbox.sh
. "$GRAFTAGE_SOURCE_DIR/tests/e2e/support/slurm.sh"
require_programs munged slurmctld slurmd sbatch srun
export GRAFTAGE_SLURM_DIR=$workspace/slurm
trap '"$sandbox" stop; rm -rf "$workspace"' EXIT

show_job() { cat "$workspace"/graftage-study-*.out >&2; fail "$*"; }
has_state() { job_field "$1" JobState | grep -qxE "$2"; }
has_checkpoint() { compgen -G 'runs/tiny/pretrain/l2p/checkpoints/step-*.h5' >/dev/null; }

# Long enough to be interrupted.
sed -i 's/epochs: 2}/epochs: 60, checkpoint_seconds: 0.2}/' configs/tiny_l2p.yaml
grep -q 'epochs: 60' configs/tiny_l2p.yaml || fail 'tiny_l2p.yaml does not end with "epochs: 2}"'

"$sandbox" start
job=$(slurm sbatch --parsable --time=30 "$GRAFTAGE_SOURCE_DIR/jobs/study.sbatch" configs/tiny_study.yaml)
wait_until 120 has_checkpoint || show_job 'no checkpoint appeared'
slurm scancel --batch --signal=USR1 "$job"
wait_until 60 has_state "$job" PENDING || show_job "the interrupted job is $(job_field "$job" JobState), not requeued"
[ ! -e runs/tiny/sweep/report.h5 ] || fail 'the study was over before it was interrupted'
wait_until 300 has_state "$job" 'COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL' || show_job 'the job does not end'
has_state "$job" COMPLETED || show_job "the job is $(job_field "$job" JobState)"
[ "$(job_field "$job" Restarts)" = 1 ] || show_job "$(job_field "$job" Restarts) restarts"

[ -f runs/tiny/sweep/report.h5 ] || show_job 'no report.h5'
expect 0 "$GRAFTAGE_BIN" inspect runs/tiny/sweep/report.h5
said 'content intact'
# What a study leaves. Of the two checkpoints kept, the clock (checkpoint_seconds) chose the older one's step, so the newest counts.
left_by() { digest_of "$1" | awk '/\/l2p\/checkpoints\/step-/ { newest = $0; next } { print } END { print newest }'; }
in_job=$(left_by runs/tiny)
grep -q 'l2p/checkpoints/step-' <<<"$in_job" || fail 'no checkpoint is left'

mv runs in_job
expect 0 "$GRAFTAGE_BIN" study configs/tiny_study.yaml
[ "$(left_by runs/tiny)" = "$in_job" ] || { diff <(echo "$in_job") <(left_by runs/tiny) >&2; fail 'the job left other bytes than mpirun'; }

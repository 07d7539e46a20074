#!/usr/bin/env bash
# The private Slurm and the job scripts, without graftage itself: two MPI tasks under srun on one and on two virtual
# nodes, requeue after exit code 75 with the job id kept, no return of a cancelled job, nothing left behind.
set -euo pipefail

root=${GRAFTAGE_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
sandbox=$root/scripts/slurm_sandbox.sh
. "$root/tests/e2e/support/slurm.sh"
require_programs munged slurmctld slurmd sbatch srun mpicc

work=$(mktemp -d)
export GRAFTAGE_SLURM_DIR=$work/slurm
trap '"$sandbox" stop; rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  tail -n 20 "$work"/*.out >&2
  exit 1
}
has_state() { [ "$(job_field "$1" JobState)" = "$2" ]; }
has_line() { grep -q -- "$2" "$1" 2>/dev/null; }
expect_state() { wait_until 90 has_state "$1" "$2" || fail "job $1 is $(job_field "$1" JobState), not $2"; }

cat >"$work/worker.c" <<'TEXT'
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static volatile sig_atomic_t stop_signal;
static void note(int number) { stop_signal = number; }
/* hello: print and end. wait: agree on a stop signal as graftage does and return 75, or 0 after 60 s. */
int main(int argc, char** argv) {
  int rank, size, mine, any = 0;
  signal(SIGUSR1, note);
  signal(SIGTERM, note);
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  printf("rank %d of %d\n", rank, size);
  fflush(stdout);
  for (int step = 0; strcmp(argv[1], "wait") == 0 && step < 1200 && !any; ++step) {
    usleep(50000);
    mine = stop_signal;
    MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  }
  MPI_Finalize();
  return any ? 75 : 0;
}
TEXT
mpicc -o "$work/worker" "$work/worker.c"

# Stands in for graftage: FAKE_RUN says how the run ends; a study starts its stage as an srun child.
cat >"$work/graftage" <<'TEXT'
#!/bin/bash
echo "arguments: $*"
case $FAKE_RUN in
  bad_data) exit 65 ;;
  resume) [ "${SLURM_RESTART_COUNT:-0}" -eq 0 ] && mode=wait || mode=hello ;;
  *) mode=wait ;;
esac
[ "$1" = study ] || exec "${0%/*}/worker" "$mode" # the script has started one of us per task
srun --mpi=pmix --kill-on-bad-exit=1 "${0%/*}/worker" "$mode" &
trap 'kill -USR1 $!' USR1
wait $! || { code=$?; [ $code -lt 128 ] || { wait $!; code=$?; }; exit $code; }
TEXT
chmod +x "$work/graftage"

"$sandbox" start
"$sandbox" start 2>&1 | grep -q "already running" || fail "the second start does not see the first"
cd "$work"

for nodes in 1 2; do
  slurm srun --mpi=pmix --nodes=$nodes --ntasks=2 ./worker hello | sort >hello.out
  [ "$(cat hello.out)" = "$(printf 'rank 0 of 2\nrank 1 of 2')" ] || fail "two tasks on $nodes virtual node(s) do not see each other"
done

submit() { # FAKE_RUN, minutes, job script, arguments...
  FAKE_RUN=$1 GRAFTAGE_BIN=$work/graftage slurm sbatch --parsable --time="$2" "${@:3}"
}

# Five minutes with a warning 300 s before their end: Slurm warns at its next look at the clock, within half a minute.
job=$(submit resume 5 "$root/jobs/quickstart.sbatch")
log=graftage-quickstart-$job.out
dependent=$(slurm sbatch --parsable --dependency="afterok:$job" --output=dependent.out --wrap=true)

other=$(submit bad_data 20 "$root/jobs/pretrain.sbatch" l2p.yaml)
expect_state "$other" FAILED
[ "$(job_field "$other" ExitCode)" = 65:0 ] || fail "exit code 65 became $(job_field "$other" ExitCode)"
has_line "graftage-pretrain-$other.out" "arguments: pretrain --config l2p.yaml" || fail "pretrain.sbatch runs another command"

other=$(submit wait 20 "$root/jobs/sweep.sbatch" prompt.yaml)
wait_until 30 has_line "graftage-sweep-$other.out" "rank 1 of 2" || fail "the sweep job does not start"
slurm scancel "$other"
cancelled=$other

sed 's/^max_requeues=3$/max_requeues=0/' "$root/jobs/study.sbatch" >study.sbatch
other=$(submit wait 20 study.sbatch tiny.yaml)
wait_until 30 has_line "graftage-study-$other.out" "rank 1 of 2" || fail "the study job does not start"
slurm scancel --batch --signal=USR1 "$other"
expect_state "$other" FAILED
[ "$(job_field "$other" ExitCode)" = 75:0 ] || fail "the job without requeues left is $(job_field "$other" ExitCode)"
has_line "graftage-study-$other.out" "not requeued" || fail "the job without requeues left does not say what to do"

expect_state "$job" PENDING
has_state "$dependent" PENDING || fail "a dependent job started before the requeued one was done"
has_line "$log" "interrupted, requeueing job $job" || fail "the job came back without its own doing"
expect_state "$job" COMPLETED
[ "$(job_field "$job" Restarts)" = 1 ] || fail "the job has $(job_field "$job" Restarts) restarts"
[ "$(grep -c "^graftage: job $job, start [12]," "$log")" = 2 ] || fail "the log does not hold both starts"
has_line "$log" "arguments: study configs/studies/quickstart.yaml --set launcher.kind=srun --set launcher.ranks=2" || fail "quickstart.sbatch runs another command"
expect_state "$dependent" COMPLETED
expect_state "$cancelled" CANCELLED
[ "$(job_field "$cancelled" Restarts)" = 0 ] || fail "a cancelled job came back"
leftover=$(find . -name '.graftage-job-*')
[ -z "$leftover" ] || fail "jobs left $leftover"

run_directory=$(cat "$GRAFTAGE_SLURM_DIR/run_directory")
slurm sbatch --output=orphan.out --wrap='echo started; setsid sleep 4321 & sleep 4321' >/dev/null
wait_until 30 has_line orphan.out started || fail "the last job does not start"
"$sandbox" stop
"$sandbox" status 2>/dev/null && fail "the stopped sandbox reports its status"
[ ! -e "$run_directory" ] || fail "the sandbox left $run_directory"
[ ! -e "$GRAFTAGE_SLURM_DIR" ] || fail "the sandbox left $GRAFTAGE_SLURM_DIR"
left=$(grep -lzx -- "SLURM_CONF=$GRAFTAGE_SLURM_DIR/slurm.conf" /proc/[0-9]*/environ 2>/dev/null || true)
[ -z "$left" ] || fail "the sandbox left processes: $left"
echo "passed"

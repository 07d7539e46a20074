#include "graftage/slurm/job_script.hpp"

namespace graftage::slurm {

std::string_view job_body() {
  return R"body(# --- The same lines in every graftage job: run, pass signals on, requeue after a checkpoint. ---
job_id=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}}
job_id=${job_id:-$SLURM_JOB_ID}
requeue_count=$SLURM_SUBMIT_DIR/.graftage-job-$job_id.requeues
export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1} SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1} SLURM_EXPORT_ENV=ALL
export SLURM_CPU_BIND=cores OMP_PROC_BIND=false # ranks are bound as a whole, so that a rank's loader has its cores, too

# Running, or past its time limit. A cancelled job must not come back; a preempted one comes back by itself.
may_requeue() {
  local count
  case $(squeue --noheader --jobs="$job_id" --format='%T %r') in
    'RUNNING '* | 'COMPLETING TimeLimit') ;;
    *) return 1 ;;
  esac
  count=$(cat "$requeue_count" 2>/dev/null || echo 0)
  [ "$count" -lt "$max_requeues" ] && echo $((count + 1)) >"$requeue_count"
}

echo "graftage: job $job_id, start $((${SLURM_RESTART_COUNT:-0} + 1)), nodes $SLURM_JOB_NODELIST"
child='' interrupted=0 rc=0
trap 'again=1 interrupted=1; [ -z "$child" ] || kill -USR1 "$child" 2>/dev/null' USR1 TERM
"${command[@]}" & # in the background: bash runs traps only between commands
child=$!
[ $interrupted -eq 0 ] || kill -USR1 "$child" 2>/dev/null # it came before the line above
while :; do # a trapped signal ends wait before the program ends
  again=0
  wait "$child"
  status=$?
  if [ $status -ne 127 ] || [ $rc -eq 0 ]; then rc=$status; fi
  [ $again -eq 1 ] || break
done
child=''
# 138 and 143: the signal came before the program could catch it, so there was nothing new to save.
if [ $interrupted -eq 1 ] && { [ $rc -eq 138 ] || [ $rc -eq 143 ]; }; then rc=75; fi
if [ $rc -eq 75 ]; then
  if may_requeue; then
    echo "graftage: interrupted, requeueing job $job_id"
    scontrol requeue "$job_id" && exit 0
  fi
  echo "graftage: interrupted, not requeued; the same sbatch command goes on from the checkpoint"
fi
rm -f "$requeue_count"
exit $rc
)body";
}

}  // namespace graftage::slurm

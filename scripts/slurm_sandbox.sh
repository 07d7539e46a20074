#!/usr/bin/env bash
# A private one-machine Slurm: its own munge, one controller and two virtual nodes on this host.
#
# Runs Debian's packages as the calling user, without systemd, cgroups or accounting, and touches no system
# configuration: keys, ports, sockets, logs and job state are its own, so several sandboxes can live side by side.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/phases.sh"

usage() {
  cat <<'TEXT'
usage: slurm_sandbox.sh start | stop | status | exec COMMAND [ARGUMENT...]

  start    start the sandbox and wait until both virtual nodes take work; does nothing when it already runs
  stop     cancel the sandbox's jobs, end its daemons and remove its files (logs too)
  status   print the nodes and the queue; exit 3 when the sandbox is not running
  exec     run COMMAND with the Slurm commands pointed at the sandbox:
             slurm_sandbox.sh exec sbatch jobs/quickstart.sbatch
             slurm_sandbox.sh exec squeue

environment
  GRAFTAGE_SLURM_DIR   where configuration and logs live (default: .slurm in the checkout)

Sockets need short paths, so they live in a private directory under /tmp whose name is kept in the sandbox's folder.
TEXT
}

readonly EXIT_USAGE=64 EXIT_UNAVAILABLE=77 EXIT_NOT_RUNNING=3
readonly PACKAGES="munge slurmctld slurmd slurm-client"
readonly MUNGED=/usr/sbin/munged SLURMCTLD=/usr/sbin/slurmctld SLURMD=/usr/sbin/slurmd
readonly NODES=(node1 node2)

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
state=${GRAFTAGE_SLURM_DIR:-$checkout/.slurm}
case $state in /*) ;; *) state=$PWD/$state ;; esac
readonly checkout state

say() { printf 'slurm sandbox: %s\n' "$*" >&2; }

fail() {
  local code=$1
  shift
  say "$*"
  exit "$code"
}

# slurm.conf can quote nothing, and expands '%'.
require_plain_path() {
  case $state in *[[:space:]%\#]*) fail $EXIT_USAGE "GRAFTAGE_SLURM_DIR must not contain blanks, '%' or '#': $state" ;; esac
}

require_packages() {
  local program missing=()
  for program in "$MUNGED" "$SLURMCTLD" "$SLURMD" /usr/bin/sbatch; do
    [ -x "$program" ] || missing+=("$program")
  done
  [ ${#missing[@]} -eq 0 ] || fail $EXIT_UNAVAILABLE "missing ${missing[*]}: run scripts/setup.sh, or apt-get install $PACKAGES"
}

# Drops the variables of a surrounding allocation, so that a sandbox works inside a real job too.
enter_sandbox_environment() {
  local variable
  for variable in "${!SLURM_@}" "${!SBATCH_@}" "${!SALLOC_@}" "${!SRUN_@}" "${!SQUEUE_@}" "${!PMIX_@}" "${!OMPI_COMM_@}"; do
    unset "$variable"
  done
  export SLURM_CONF=$state/slurm.conf
}

# True when the pid in file $1 is a process whose command line names this sandbox: pids are reused, files stay.
is_alive() {
  local pid
  pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] || return 1
  grep -qaF -- "$state/" "/proc/$pid/cmdline" 2>/dev/null
}

wait_until() {
  local seconds=$1 deadline
  shift
  deadline=$((SECONDS + seconds))
  until "$@"; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.2
  done
}

nodes_are_up() {
  local usable
  usable=$(sinfo --noheader --Node --format=%t 2>/dev/null | grep -cxE 'idle|alloc|mix|comp' || true)
  [ "$usable" -eq ${#NODES[@]} ]
}

is_running() { [ -f "$state/slurm.conf" ] && is_alive "$state/slurmctld.pid"; }

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Prints the first of a row of free ports below the ephemeral range.
find_ports() {
  local attempt base offset
  for attempt in $(seq 50); do
    base=$((20000 + (($$ * 7 + RANDOM + attempt) % 12000)))
    for offset in $(seq 0 ${#NODES[@]}); do
      port_is_free $((base + offset)) || continue 2
    done
    echo "$base"
    return
  done
  fail 69 "found no free ports between 20000 and 32000"
}

write_configuration() {
  local run=$1 base host user cpus index
  base=$(find_ports)
  host=$(hostname -s)
  user=$(id -un)
  cpus=$(usable_cores)
  [ "$cpus" -ge 2 ] || cpus=2
  cat >"$state/slurm.conf" <<TEXT
ClusterName=graftage
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
CredType=cred/munge
# cred_expire is also how long a requeued job waits before it starts again (120 s by default).
AuthInfo=socket=$run/munge.socket,cred_expire=10
SlurmctldPort=$base
StateSaveLocation=$state/controller
SlurmctldPidFile=$state/slurmctld.pid
SlurmctldLogFile=$state/slurmctld.log
SlurmdPidFile=$state/slurmd.%n.pid
SlurmdLogFile=$state/slurmd.%n.log
SlurmdSpoolDir=$run/spool.%n
# One folder per virtual node: two nodes of one host would otherwise share PMIx's folder of a step.
TmpFS=$run/tmp.%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
TaskProlog=$state/task_prolog.sh
SwitchType=switch/none
MpiDefault=pmix
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
# The host's real processors are shared by both virtual nodes.
SlurmdParameters=config_overrides
PropagateResourceLimits=NONE
ReturnToService=2
KillWait=10
TEXT
  for index in "${!NODES[@]}"; do
    echo "NodeName=${NODES[$index]} NodeHostname=$host NodeAddr=127.0.0.1 Port=$((base + index + 1)) CPUs=$cpus"
  done >>"$state/slurm.conf"
  echo "PartitionName=sandbox Nodes=ALL Default=YES MaxTime=INFINITE State=UP" >>"$state/slurm.conf"
}

# Open MPI names shared memory by host, so ranks on two virtual nodes would open each other's: jobs over both use TCP.
write_task_prolog() {
  cat >"$state/task_prolog.sh" <<'TEXT'
#!/bin/sh
[ "${SLURM_JOB_NUM_NODES:-1}" -eq 1 ] || echo "export OMPI_MCA_btl=^vader"
TEXT
  chmod 755 "$state/task_prolog.sh"
}

start_daemons() {
  local run=$1 node
  "$MUNGED" --force --num-threads=4 --key-file="$state/munge.key" --socket="$run/munge.socket" \
    --pid-file="$state/munged.pid" --seed-file="$state/munge.seed" --log-file="$state/munged.log" </dev/null >&2
  "$SLURMCTLD" -c -f "$state/slurm.conf" </dev/null >/dev/null 2>>"$state/start.log"
  for node in "${NODES[@]}"; do
    "$SLURMD" -N "$node" -f "$state/slurm.conf" </dev/null >/dev/null 2>>"$state/start.log"
  done
}

show_logs() {
  local log
  for log in "$state"/*.log; do
    [ -s "$log" ] || continue
    say "last lines of $(basename "$log"):"
    tail -n 8 "$log" >&2
  done
}

start() {
  local run node
  require_packages
  require_plain_path
  enter_sandbox_environment
  if is_running && nodes_are_up; then
    say "already running in $state"
    return
  fi
  stop_quietly
  umask 022
  mkdir -p "$state/controller"
  run=$(mktemp -d /tmp/gsb-XXXXXX)
  chmod 755 "$run"
  echo "$run" >"$state/run_directory"
  for node in "${NODES[@]}"; do
    mkdir -p "$run/spool.$node" "$run/tmp.$node"
    chmod 1777 "$run/tmp.$node"
  done
  (umask 077 && head -c 128 /dev/urandom >"$state/munge.key")
  write_configuration "$run"
  write_task_prolog
  if ! { start_daemons "$run" && wait_until 60 nodes_are_up; }; then
    show_logs
    stop_quietly
    fail 69 "the nodes did not come up; the log lines above say why"
  fi
  say "running in $state: ${#NODES[@]} virtual nodes, use '$0 exec sbatch ...', end with '$0 stop'"
}

# Ends what a job left behind: processes that carry both this sandbox's configuration and a job id.
kill_job_processes() {
  local environment pid
  for environment in /proc/[0-9]*/environ; do
    pid=${environment#/proc/}
    pid=${pid%/environ}
    [ "$pid" != $$ ] || continue
    grep -qzxF -- "SLURM_CONF=$state/slurm.conf" "$environment" 2>/dev/null || continue
    grep -qz '^SLURM_JOB_ID=' "$environment" 2>/dev/null || grep -qx slurmstepd "/proc/$pid/comm" 2>/dev/null || continue
    kill -KILL "$pid" 2>/dev/null || true
  done
}

queue_is_empty() { [ -z "$(squeue --noheader 2>/dev/null)" ]; }

end_daemon() {
  local pid
  is_alive "$1" || return 0
  pid=$(cat "$1")
  kill -TERM "$pid" 2>/dev/null || return 0
  wait_until 10 is_gone "$pid" || kill -KILL "$pid" 2>/dev/null || true
}

is_gone() { ! kill -0 "$1" 2>/dev/null; }

stop_quietly() {
  local run file
  [ -d "$state" ] || return 0
  if is_alive "$state/slurmctld.pid"; then
    squeue --noheader --format=%A 2>/dev/null | sort -u | xargs -r timeout 10 scancel --signal=KILL --full 2>/dev/null || true
    squeue --noheader --format=%A 2>/dev/null | sort -u | xargs -r timeout 10 scancel 2>/dev/null || true
    wait_until 15 queue_is_empty || true
  fi
  for file in "$state"/slurmd.*.pid "$state/slurmctld.pid"; do end_daemon "$file"; done
  kill_job_processes
  end_daemon "$state/munged.pid"
  run=$(cat "$state/run_directory" 2>/dev/null || true)
  case $run in /tmp/gsb-??????) rm -rf -- "$run" ;; esac
  rm -rf -- "$state/controller"
  rm -f -- "$state"/{slurm.conf,task_prolog.sh,munge.key,munge.seed,run_directory} "$state"/*.pid "$state"/*.log
  rmdir -- "$state" 2>/dev/null || true
}

case ${1:-} in
  start) start ;;
  stop)
    enter_sandbox_environment
    stop_quietly
    say "stopped"
    ;;
  status)
    enter_sandbox_environment
    is_running || fail $EXIT_NOT_RUNNING "not running in $state"
    sinfo
    squeue
    ;;
  exec)
    shift
    [ $# -gt 0 ] || fail $EXIT_USAGE "exec needs a command"
    enter_sandbox_environment
    is_running || fail $EXIT_NOT_RUNNING "not running in $state: run '$0 start' first"
    exec "$@"
    ;;
  --help | -h) usage ;;
  *)
    usage >&2
    exit $EXIT_USAGE
    ;;
esac

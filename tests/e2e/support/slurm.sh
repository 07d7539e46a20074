# Sourced by the end-to-end tests that use the private Slurm, after `sandbox` names scripts/slurm_sandbox.sh.
: "${sandbox:?}"

# Skips the test where a program is missing.
require_programs() {
  local program
  for program in "$@"; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null && continue
    echo "skipped: $program is missing; scripts/setup.sh installs munge slurmctld slurmd slurm-client"
    exit 77
  done
}

slurm() { "$sandbox" exec "$@"; }
job_field() { slurm scontrol --oneliner show job "$1" | tr ' ' '\n' | sed -n "s/^$2=//p"; }
wait_until() { # seconds, command...
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.2
  done
}

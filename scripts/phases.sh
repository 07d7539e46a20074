# shellcheck shell=bash
# Sourced by the scripts beside it: runs a command as a named phase, one line each, with the output in a log.
#
#   begin_phases LOG_FOLDER
#   phase "build" cmake --build --preset release
#   end_phases "all passed"

begin_phases() {
  phase_logs=$1
  phase_count=0
  phase_start=$SECONDS
  mkdir -p "$phase_logs"
}

end_phases() {
  printf '✓ %-34s %4d s\n' "$1" "$((SECONDS - phase_start))"
}

# True in the first MINUTES after begin_phases.
within_minutes() { [ $((SECONDS - phase_start)) -lt $(($1 * 60)) ]; }

# Shows the last line of a log that tells progress ("[12/80] …" or "3/40 Test …") until it is killed. Terminals only.
follow_progress() {
  local name=$1 log=$2 line
  while sleep 1; do
    line=$(grep -aoE '^\[[0-9]+/[0-9]+\]|^ *[0-9]+/[0-9]+ Test' "$log" 2>/dev/null | tail -n 1)
    printf '\r\033[K  %-34s %4d s  %s' "$name" "$((SECONDS - begin))" "${line# }" >&2
  done
}

# phase NAME COMMAND...: prints NAME and the seconds it took; a failure shows the end of the log, and where it is, and exits.
phase() {
  local name=$1 begin=$SECONDS follower='' code=0
  shift
  phase_count=$((phase_count + 1))
  phase_log=$(printf '%s/%02d-%s.log' "$phase_logs" "$phase_count" "${name//[^A-Za-z0-9]/-}")
  : >"$phase_log"
  if [ -t 2 ]; then
    follow_progress "$name" "$phase_log" &
    follower=$!
  fi
  "$@" >"$phase_log" 2>&1 || code=$?
  if [ -n "$follower" ]; then
    kill "$follower" 2>/dev/null
    wait "$follower" 2>/dev/null
    printf '\r\033[K' >&2
  fi
  if [ "$code" -ne 0 ]; then
    printf '✗ %-34s %4d s  failed (exit code %d)\n\n' "$name" "$((SECONDS - begin))" "$code" >&2
    tail -n "${phase_tail:-40}" "$phase_log" >&2
    printf '\nThe whole output is in %s\n' "$phase_log" >&2
    exit "$code"
  fi
  printf '✓ %-34s %4d s%s\n' "$name" "$((SECONDS - begin))" "$(phase_summary "$phase_log")"
}

# What a log says in one line: ctest's total, the layer count, the formatter's count.
phase_summary() {
  local line
  line=$(grep -aE '^[0-9]+% tests passed|^layers: |^format: ' "$1" | tail -n 1)
  [ -z "$line" ] || printf '  %s' "$line"
}

# Cores this process may use; nproc alone would answer with OMP_NUM_THREADS.
usable_cores() { env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc; }

# Compile jobs: one per core, and 1.5 GB of memory each (a LibTorch source needs about 1 GB).
compile_jobs() {
  local cores memory_kb
  cores=$(usable_cores)
  memory_kb=$(awk '/MemAvailable/ {print $2}' /proc/meminfo 2>/dev/null || echo 0)
  local by_memory=$((memory_kb / 1500000))
  [ "$by_memory" -ge 1 ] || by_memory=1
  echo $((cores < by_memory ? cores : by_memory))
}

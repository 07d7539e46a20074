# Sourced by the end-to-end tests: a private directory with the tiny study in it, and a few assertions.
# Needs GRAFTAGE_BIN (the program) and GRAFTAGE_SOURCE_DIR (the checkout).
set -euo pipefail
: "${GRAFTAGE_BIN:?}" "${GRAFTAGE_SOURCE_DIR:?}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
workspace=$(mktemp -d)
trap 'rm -rf "$workspace"' EXIT
cp -r "$GRAFTAGE_SOURCE_DIR"/tests/e2e/data "$GRAFTAGE_SOURCE_DIR"/tests/e2e/configs "$workspace"
cd "$workspace"

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

# expect CODE COMMAND...: runs it, keeps what it printed in $workspace/output, checks the exit code.
expect() {
  local wanted=$1 code=0
  shift
  "$@" >"$workspace/output" 2>&1 || code=$?
  [ "$code" -eq "$wanted" ] && return
  cat "$workspace/output" >&2
  fail "exit code $code instead of $wanted: $*"
}

# said TEXT: the last command's output contains it.
said() { grep -qF -- "$1" "$workspace/output" || { cat "$workspace/output" >&2; fail "not said: $1"; }; }

# ranks N ARGUMENTS...: graftage under mpirun.
ranks() { local n=$1; shift; mpirun -q -n "$n" --bind-to none --oversubscribe "$GRAFTAGE_BIN" "$@"; }

# digest_of DIRECTORY: one line per HDF5 file, name and bytes.
digest_of() { (cd "$1" && find . -name '*.h5' -not -path './*claims*' | LC_ALL=C sort | xargs sha256sum); }

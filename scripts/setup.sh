#!/usr/bin/env bash
# Installs what graftage needs and is not there yet: Debian packages (scripts/packages.txt) and LibTorch.
#
#   scripts/setup.sh            for building and running
#   scripts/setup.sh --tests    also what the tests use: Slurm, the formatter, Google Benchmark
#
# Works as root and as a user with sudo. Running it again is quick and changes nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly TORCH_VERSION=2.13.0
readonly TORCH_SUPPORTED='2\.(12|13)\.'
readonly log=build/logs/setup.log

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$@" >&2
  exit 1
}

# Runs a talkative command with its output in the log; when it fails, shows the end of the log.
logged() {
  mkdir -p "$(dirname "$log")"
  if ! "$@" >>"$log" 2>&1; then
    tail -n 15 "$log" >&2
    return 1
  fi
}

with_tests=no
case "${1:-}" in
  '') ;;
  --tests) with_tests=yes ;;
  *)
    sed -n '2,7s/^# \{0,1\}//p' "$0"
    [ "$1" = --help ] && exit 0 || exit 64
    ;;
esac

wanted_packages() {
  awk -v tests="$with_tests" '/^\[tests\]/ { if (tests == "no") exit; next } /^#/ || NF == 0 { next } { print $1 }' scripts/packages.txt
}

missing_packages() {
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | awk '$1 == "ii" { print $2 }')
  wanted_packages | grep -vxF "$installed" || true
}

install_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "this is not Debian; packages are not checked. Needed: $(wanted_packages | tr '\n' ' ')"
    return
  fi
  local missing administrator=()
  missing=$(missing_packages)
  if [ -z "$missing" ]; then
    return
  fi
  # shellcheck disable=SC2086  # one package per word
  set -- $missing
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "$# Debian packages are missing and there is no sudo. As root, run:" \
      "  apt-get install --no-install-recommends $*"
    administrator=(sudo)
  fi
  say "installing $# Debian packages: $*"
  administrator+=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600)
  logged "${administrator[@]}" update || say "the package lists could not be refreshed; trying with the present ones"
  logged "${administrator[@]}" install --no-install-recommends "$@" ||
    fail "apt-get failed; the whole output is in $log"
  changed=yes
}

# Prints "version folder" of the torch that a Python finds, without importing it.
torch_of() {
  "$1" - 2>/dev/null <<'PYTHON'
import importlib.util, pathlib, re
spec = importlib.util.find_spec("torch")
root = pathlib.Path(spec.submodule_search_locations[0])
version = re.search(r"__version__ = '([^']+)'", (root / "version.py").read_text()).group(1)
if (root / "include/ATen/ATen.h").is_file():
    print(version, root)
PYTHON
}

# The order of cmake/FindLibTorch.cmake: named by the user, importable by python3, the checkout's environment.
find_torch() {
  local place prefix found
  for place in "${Torch_DIR:-}" "${Torch_DIR:+$Torch_DIR/../../..}"; do
    if [ -n "$place" ] && [ -f "$place/include/ATen/ATen.h" ]; then
      echo "named by Torch_DIR: $place"
      return
    fi
  done
  local IFS=:
  for prefix in ${CMAKE_PREFIX_PATH:-}; do
    for place in "$prefix" "$prefix/../.."; do
      if [ -n "$prefix" ] && [ -f "$place/include/ATen/ATen.h" ]; then
        echo "named by CMAKE_PREFIX_PATH: $place"
        return
      fi
    done
  done
  unset IFS
  for place in python3 .venv/bin/python; do
    if command -v "$place" >/dev/null && found=$(torch_of "$place") && [[ $found =~ ^$TORCH_SUPPORTED ]]; then
      echo "$found"
      return
    fi
  done
  return 1
}

# Says what pip would download: its flavour, and its size where that is several gigabytes.
announce_download() {
  local report=$1
  .venv/bin/python - "$report" <<'PYTHON'
import json, sys, urllib.request

with open(sys.argv[1], encoding="utf-8") as file:
    items = json.load(file)["install"]
names = {item["metadata"]["name"].lower() for item in items}
torch = next(item for item in items if item["metadata"]["name"].lower() == "torch")
cuda = any(name.startswith(("nvidia-", "cuda-", "triton")) for name in names)

total, unknown = 0, 0
for item in items:
    try:
        request = urllib.request.Request(item["download_info"]["url"], method="HEAD")
        with urllib.request.urlopen(request, timeout=10) as answer:
            total += int(answer.headers["Content-Length"])
    except (OSError, TypeError, ValueError):
        unknown += 1
size = f"{total / 1e9:.1f} GB" if total and not unknown else "several GB" if cuda else "about 0.2 GB"
flavour = "CUDA build (the only one on offer here)" if cuda else "CPU build"
print(f"setup: LibTorch: downloading torch {torch['metadata']['version']}, {flavour}, {len(items)} files, {size}")
if cuda:
    print("setup: to avoid it, stop now (Ctrl-C) and point Torch_DIR at a CPU build of LibTorch 2.12 or 2.13")
PYTHON
}

install_torch() {
  local python=/usr/bin/python3 report
  [ -x "$python" ] || python=python3
  say "LibTorch: none found; making the environment .venv with torch $TORCH_VERSION"
  if [ ! -x .venv/bin/python ]; then
    logged "$python" -m venv .venv || fail "$python -m venv failed; on Debian install python3-venv"
  fi
  # Older pips download the wheels already to answer a dry run.
  logged .venv/bin/python -m pip install --upgrade pip || say "pip could not be upgraded; going on with the present one"
  report=$(mktemp)
  # shellcheck disable=SC2064  # the name is fixed now
  trap "rm -f '$report'" EXIT
  logged .venv/bin/python -m pip install --quiet --dry-run --report "$report" "torch==$TORCH_VERSION" ||
    fail "pip offers no torch $TORCH_VERSION here; point Torch_DIR at LibTorch 2.12 or 2.13 instead"
  announce_download "$report"
  logged .venv/bin/python -m pip install "torch==$TORCH_VERSION" numpy || fail "pip failed; the whole output is in $log"
  changed=yes
}

changed=no
install_packages
if ! torch=$(find_torch); then
  install_torch
  torch=$(find_torch) || fail "torch was installed into .venv but is not usable; remove .venv and run this again"
fi
if [ "$changed" = no ]; then
  say "nothing to do; LibTorch ${torch/$PWD\//}"
else
  say "done; LibTorch ${torch/$PWD\//}"
fi

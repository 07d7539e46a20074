#!/usr/bin/env bash
# A whole study from YAML to report; a second run does nothing; more ranks give the same bytes.
. "$(dirname "$0")/support/workspace.sh"

expect 0 "$GRAFTAGE_BIN" study configs/tiny_study.yaml
said 'study tiny: finished in'
said 'gpf_plus'
[ -f runs/tiny/sweep/report.h5 ] || fail 'no report.h5'
expect 0 "$GRAFTAGE_BIN" inspect runs/tiny/sweep/report.h5
said 'content intact'
expect 0 "$GRAFTAGE_BIN" inspect runs/tiny
first=$(digest_of runs/tiny)

started=$SECONDS
expect 0 "$GRAFTAGE_BIN" study configs/tiny_study.yaml
said 'everything was done before'
[ $((SECONDS - started)) -lt 20 ] || fail 'a study that was done before took long'
[ "$(digest_of runs/tiny)" = "$first" ] || fail 'the second run changed something'

expect 0 "$GRAFTAGE_BIN" report runs/tiny/sweep
said 'oxygen'

# The same study on three ranks elsewhere: every file has the same bytes.
mv runs two_ranks
expect 0 "$GRAFTAGE_BIN" study configs/tiny_study.yaml --set launcher.ranks=3
[ "$(digest_of runs/tiny)" = "$first" ] || { diff <(echo "$first") <(digest_of runs/tiny) >&2; fail '3 ranks gave other bytes than 2'; }

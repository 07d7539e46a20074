#!/usr/bin/env bash
# Wrong input of every kind ends with one clear line and the right exit code.
. "$(dirname "$0")/support/workspace.sh"
g=$GRAFTAGE_BIN

expect 64 "$g" pretrian
said "did you mean 'pretrain'?"
expect 64 "$g" study
expect 66 "$g" study configs/none.yaml
said 'configs/none.yaml does not exist'

sed 's/splits:/split:/' configs/tiny_task.yaml >wrong_key.yaml
expect 78 ranks 2 import --config wrong_key.yaml
said 'wrong_key.yaml:7:'
said "did you mean 'splits'?"
[ "$(grep -c 'did you mean' output)" -eq 1 ] || fail 'the error was printed by more than one rank'

expect 78 "$g" import --config configs/tiny_task.yaml --dry-run --set 'splits=[scafold]'
said "did you mean 'scaffold'?"
expect 78 "$g" import --config configs/tiny_task.yaml --dry-run --set expect.graphs=74
said 'expect.graphs: 74 is more than expect.rows, 73'

sed 's/has_oxygen/has_oxigen/' configs/tiny_task.yaml >missing_column.yaml
expect 65 ranks 2 import --config missing_column.yaml
said "has_oxigen"
said "did you mean 'has_oxygen'?"
[ ! -e runs/tiny/corpora/oxygen/index.h5 ] || fail 'a refused import left a corpus'

expect 78 "$g" pretrain --config configs/tiny_l2p.yaml --set objective.kind=l2q
said "did you mean 'l2p'?"
expect 78 "$g" pretrain --config configs/tiny_l2p.yaml --set train.epochs=many
said 'train.epochs'
expect 66 "$g" pretrain --config configs/tiny_l2p.yaml
said 'runs/tiny/corpora/pretrain'

expect 0 ranks 2 import --config configs/tiny_task.yaml
expect 0 ranks 2 import --config configs/tiny_corpus.yaml
shard=$(find runs/tiny/corpora/pretrain -name 'shard-*.h5' | LC_ALL=C sort | head -n 1)
cp "$shard" whole.h5
truncate -s -1000 "$shard"
expect 65 ranks 2 pretrain --config configs/tiny_l2p.yaml
said 'shard-'
[ ! -e runs/tiny/pretrain/l2p/encoder.h5 ] || fail 'an encoder was made from a truncated corpus'
expect 65 "$g" inspect "$shard"
expect 65 "$g" inspect "$GRAFTAGE_SOURCE_DIR/tests/e2e/data/tiny_molecules.csv"
cp whole.h5 "$shard"
expect 0 ranks 1 pretrain --config configs/tiny_l2p.yaml

sed 's/method: grid/method: bayes/' configs/tiny_sweep.yaml >bayes.yaml
expect 78 "$g" sweep --config bayes.yaml --dry-run
said 'bayes'
for foreign in pretrain/l2p corpora/oxygen; do
  expect 78 ranks 2 sweep --config configs/tiny_sweep.yaml --set output=runs/tiny/$foreign
  said "runs/tiny/$foreign holds a"
  [ ! -e runs/tiny/$foreign/plan.json ] || fail 'a sweep was mixed into the output of another stage'
done
expect 66 "$g" report runs/nothing

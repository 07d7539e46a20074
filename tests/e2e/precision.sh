#!/usr/bin/env bash
# train.precision: auto is settled once, printed and kept; bf16 is another run, or refused where it would be imitated.
. "$(dirname "$0")/support/workspace.sh"
g=$GRAFTAGE_BIN

expect 0 "$g" import --config configs/tiny_task.yaml
expect 0 "$g" import --config configs/tiny_corpus.yaml
expect 0 "$g" pretrain --config configs/tiny_masking.yaml --set train.precision=auto --set output=runs/auto
said 'precision'
settled=$(grep -oE 'fp32|bf16' runs/auto/precision.json | head -n 1)
[ -n "$settled" ] || fail 'precision.json does not name what auto became'

# The name that auto became is the same run: nothing is left to do, on two ranks neither.
sum=$(sha256sum <runs/auto/encoder.h5)
expect 0 ranks 2 pretrain --config configs/tiny_masking.yaml --set train.precision=auto --set output=runs/auto
[ "$(sha256sum <runs/auto/encoder.h5)" = "$sum" ] || fail 'the second run changed the encoder'
expect 0 ranks 2 pretrain --config configs/tiny_masking.yaml --set "train.precision=$settled" --set output=runs/named
cmp runs/auto/encoder.h5 runs/named/encoder.h5 || fail "auto is not $settled"

if grep -qE 'avx512_bf16|amx_bf16' /proc/cpuinfo; then
  expect 0 "$g" pretrain --config configs/tiny_masking.yaml --set train.precision=bf16 --set output=runs/bf16
  expect 0 ranks 3 pretrain --config configs/tiny_masking.yaml --set train.precision=bf16 --set output=runs/bf16_on_3
  cmp runs/bf16/encoder.h5 runs/bf16_on_3/encoder.h5 || fail '3 ranks gave other bytes than 1'
  expect 0 "$g" pretrain --config configs/tiny_masking.yaml --set train.precision=fp32 --set output=runs/fp32
  ! cmp -s runs/bf16/encoder.h5 runs/fp32/encoder.h5 || fail 'bf16 changed nothing'
else
  expect 78 "$g" pretrain --config configs/tiny_masking.yaml --set train.precision=bf16 --set output=runs/bf16
  said 'bf16'
fi

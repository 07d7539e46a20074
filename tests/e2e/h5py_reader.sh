#!/usr/bin/env bash
# The h5py reader printed in docs/data_format.md, run on a fresh import of tests/data/tiny_molecules.csv.
set -euo pipefail

root=${GRAFTAGE_SOURCE_DIR:-$(cd "$(dirname "$0")/../.." && pwd)}
graftage=${GRAFTAGE_BIN:?set GRAFTAGE_BIN to the graftage program}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python=
for candidate in /usr/bin/python3 python3 "$root/.venv/bin/python"; do
  if "$candidate" -c 'import h5py' 2>/dev/null; then python=$candidate; break; fi
done
if [ -z "$python" ]; then
  echo "skipped: no Python with h5py (Debian: python3-h5py)"
  exit 77
fi

cat > "$work/tiny.yaml" <<YAML
name: tiny
output: $work/corpus
sources:
  - file: $root/tests/data/tiny_molecules.csv
    id: id
labels: {columns: [active]}
splits: [scaffold]
expect: {rows: 12, unparsable: 2, graphs: 10, positives: 4}
YAML
"$graftage" import --config "$work/tiny.yaml"

# The one Python block of the page, and what it must have read.
sed -n '/^```python$/,/^```$/p' "$root/docs/data_format.md" | sed '1d;$d' > "$work/reader.py"
[ "$(grep -c . "$work/reader.py")" -ge 20 ]
cat >> "$work/reader.py" <<'PYTHON'

assert labels == {"kind": "binary", "names": ["active"], "origin": "measured"}, labels
assert [column["name"] for column in schema["node"]] == ["atom_type", "chirality"], schema
assert [row for row, _ in rejected] == [4, 8], rejected
assert len(graphs) == 10 and graphs[0]["smiles"] == "CCO" and graphs[0]["y"] == [1.0]
assert graphs[0]["x"].tolist() == [[5, 0], [5, 0], [7, 0]]
assert graphs[0]["edge_index"].tolist() == [[0, 1, 1, 2], [1, 0, 2, 1]]
assert graphs[1]["edge_attr"].tolist() == [[3, 0]] * 12 and graphs[2]["y"] == [None]
assert graphs[6]["smiles"] == "F/C=C/F" and sorted(graphs[6]["edge_attr"][:, 1].tolist()) == [0, 0, 1, 1, 1, 1]
assert sorted(sum((part.tolist() for part in splits["scaffold"].values()), [])) == list(range(10))
print("read", len(graphs), "graphs with h5py")
PYTHON
"$python" "$work/reader.py" "$work/corpus"

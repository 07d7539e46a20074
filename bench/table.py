#!/usr/bin/env python3
"""Prints the newest result of each case as Markdown: table.py [build/bench-results.jsonl] [--since TIME] [--revision COMMIT].

With --write FILE the text between the lines "<!-- table -->" and "<!-- end of table -->" of FILE is replaced.
"""
import argparse
import json
import sys


def newest(lines, since, revision):
    """Last record of each (row, case), in the order cases first appear; results without a row are of older formats."""
    found = {}
    for line in lines:
        record = json.loads(line)
        if "row" not in record or record["time"] < since or not record["machine"]["revision"].startswith(revision):
            continue
        found[record["row"], record["case"]] = record
    return list(found.values())


def target(record):
    promise = record.get("target")
    if not promise:
        return ""
    return f"{'≤' if promise['at_most'] else '≥'} {promise['bound']:g} {'✓' if promise['met'] else '✗'}"


def race_line(record):
    wall, ours = record["wall"], record["contenders"][record["ours"]]["wall"]["best"]
    theirs = record["contenders"][record["theirs"]]["wall"]["best"]
    low, high = wall["interval"]
    left = ""
    if "rows_left" in record:
        layers = record["rows_left"][1:]
        left = f"{sum(layers) / len(layers):.2f}"
    share = f"{100 * record['gemm_share']:.0f} %" if "gemm_share" in record else ""
    return (f"| {record['row']} | {record['case']} | {record['theirs']} | {ours:,.0f} / {theirs:,.0f} {record['unit']} | **{wall['ratio_of_minima']:.2f}** "
            f"| {wall['median_ratio']:.2f} [{low:.2f}, {high:.2f}] | {target(record)} | {left} | {share} |")


def value_line(record):
    return f"| {record['row']} | {record['case']} | {record['value']:,.4g} {record['unit']} | {target(record)} |"


def text_of(records):
    races, values = ([r for r in records if r["kind"] == kind] for kind in ("race", "value"))
    lines = []
    if records:
        last = records[-1]
        machine = last["machine"]
        versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items() if version != "none")
        lines += [f"Measured {min(r['time'] for r in records)} to {max(r['time'] for r in records)}: {machine['cpu']} ({machine['isa']}), {machine['cores']} cores; "
                  f"{versions}; corpus {last['corpus']}; commit {machine['revision']}.", ""]
    if races:
        lines += ["| Row | Case | Peer | graftage / peer, fastest block | Ratio of fastest | Median of block ratios [95 %] | Target | Rows left | GEMM rate used |",
                  "|---|---|---|---|---|---|---|---|---|", *map(race_line, races), ""]
    if values:
        lines += ["| Row | What | Value | Target |", "|---|---|---|---|", *map(value_line, values), ""]
    lines += [f"- {record['row']}: {record['case']}" for record in records if record["kind"] == "note"]
    return "\n".join(lines).rstrip() + "\n"


def write(path, text):
    with open(path, encoding="utf-8") as file:
        whole = file.read()
    begin, end = "<!-- table -->\n", "<!-- end of table -->"
    if begin not in whole or end not in whole:
        sys.exit(f"{path} has no lines {begin.strip()} and {end}")
    head, rest = whole.split(begin, 1)
    with open(path, "w", encoding="utf-8") as file:
        file.write(head + begin + "\n" + text + "\n" + end + rest.split(end, 1)[1])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("results", nargs="?", default="build/bench-results.jsonl")
    arguments.add_argument("--since", default="", help="ignore results before this time, 2026-01-31T12:00:00Z")
    arguments.add_argument("--revision", default="", help="only results of this commit (a prefix)")
    arguments.add_argument("--write", metavar="FILE")
    options = arguments.parse_args()
    with open(options.results, encoding="utf-8") as file:
        text = text_of(newest(file, options.since, options.revision))
    if options.write:
        write(options.write, text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()

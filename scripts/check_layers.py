#!/usr/bin/env python3
"""Compares the include graph with the layers of ARCHITECTURE.md and reports every violation, one line each.

    scripts/check_layers.py [ROOT]

Checked: a module includes lower rows only (and the narrower lists of sweep, nn and slurm), no cycles between files, foreign
headers only where they belong, no file over 400 lines. Exit code 0: none found.
"""

import pathlib
import re
import sys

# Row of each module; a module may include lower rows, never its own row (except itself).
ROWS = {
    "core": 0,
    "config": 1, "mpi": 1, "h5": 1, "slurm": 1,
    "graph": 2,
    "data": 3, "nn": 3,
    "train": 4,
    "pretrain": 5, "adapt": 5, "sweep": 5,
    "study": 6, "report": 6,
    "app": 7,
}
# Narrower than the rows.
NARROW = {
    "graph": {"core"},
    "nn": {"core", "config", "graph"},
    "sweep": {"core", "config", "mpi", "h5"},
    "study": {"core", "config", "h5", "slurm"},
    "report": {"core", "config", "h5", "sweep"},
}
TENSOR = {"graph", "data", "nn", "train", "pretrain", "adapt", "app"}

# (pattern of the header, modules that may include it, what to do instead)
OWNED = [
    (re.compile(r"^mpi\.h$"), {"mpi"}, "use graftage/mpi"),
    (re.compile(r"^(hdf5|H5[A-Za-z]*public)\.h$|^H5Cpp\.h$"), {"h5"}, "use graftage/h5"),
    (re.compile(r"^yaml-cpp/"), {"config"}, "use graftage/config"),
    (re.compile(r"^boost/program_options"), {"app"}, "only app reads argv"),
    (re.compile(r"^spdlog/"), {"core"}, "use graftage/core/log.hpp"),
    (re.compile(r"^(GraphMol|RDGeneral|DataStructs|Catalogs)/"), {"data"}, "only data knows molecules"),
    (re.compile(r"^(ATen|c10|torch)/"), TENSOR, "LibTorch starts at graph and never enters sweep, study, report"),
]
# Headers that no file or no public header may include.
BANNED = re.compile(r"^torch/(torch|all|nn)\.h$")
PUBLIC_TENSOR = {"ATen/core/Tensor.h"}
PUBLIC_BANNED = re.compile(r"^(ATen|c10|torch|spdlog|fmt)/|^(mpi|hdf5)\.h$|^yaml-cpp/|^boost/|^GraphMol/")

MAX_LINES = 400
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^">]+)[">]')


def includes_of(path):
    """(line number, header) of each include directive."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1)


def module_of(relative):
    """Module of include/graftage/<module>/… or src/<module>/…; None elsewhere."""
    parts = relative.parts
    if parts[:2] == ("include", "graftage") and len(parts) > 3:
        return parts[2]
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    return None


def allowed(module, other):
    if module == other:
        return True
    if module in NARROW:
        return other in NARROW[module]
    return ROWS[other] < ROWS[module]


class Checker:
    def __init__(self, root):
        self.root = root
        self.findings = []
        self.graph = {}

    def report(self, relative, line, text):
        self.findings.append(f"{relative}:{line}: {text}")

    def resolve(self, path, header):
        """The project's file behind an include, or None."""
        for candidate in (self.root / "include" / header, self.root / "src" / header, path.parent / header):
            if candidate.is_file():
                return candidate.resolve().relative_to(self.root)
        return None

    def check_include(self, path, line, header):
        relative = path.relative_to(self.root)
        module = module_of(relative)
        public = relative.parts[0] == "include"
        if BANNED.match(header):
            self.report(relative, line, f"<{header}> is banned: it costs 20 s a file")
        elif public and PUBLIC_BANNED.match(header) and header not in PUBLIC_TENSOR:
            self.report(relative, line, f"<{header}> in a public header; forward-declare, or use <ATen/core/Tensor.h>")
        elif path.suffix == ".hpp" and header == "ATen/ATen.h":
            self.report(relative, line, "<ATen/ATen.h> in a header; use <ATen/core/Tensor.h>")
        for pattern, owners, remedy in OWNED:
            if pattern.match(header) and module not in owners:
                self.report(relative, line, f"<{header}> in {module}: {remedy}")
        target = self.resolve(path, header)
        if target is None:
            if header.startswith("graftage/"):
                self.report(relative, line, f'"{header}" does not exist')
            return
        self.graph.setdefault(relative, []).append(target)
        other = module_of(target)
        if other is not None and other in ROWS and not allowed(module, other):
            self.report(relative, line, f'{module} must not include {other} ("{header}")')
        if other is not None and other != module and target.parts[0] == "src":
            self.report(relative, line, f'"{header}" is private to {other}')

    def check_cycles(self):
        state, stack = {}, []

        def visit(node):
            state[node] = "open"
            stack.append(node)
            for target in self.graph.get(node, []):
                if state.get(target) == "open":
                    loop = stack[stack.index(target):] + [target]
                    self.report(node, 1, "include cycle: " + " -> ".join(str(step) for step in loop))
                elif target not in state:
                    visit(target)
            stack.pop()
            state[node] = "done"

        for node in sorted(self.graph):
            if node not in state:
                visit(node)

    def check(self):
        sources = sorted(
            path
            for folder in ("include", "src")
            for path in (self.root / folder).rglob("*")
            if path.suffix in (".hpp", ".cpp")
        )
        for path in sources:
            relative = path.relative_to(self.root)
            module = module_of(relative)
            if module not in ROWS:
                self.report(relative, 1, f"'{module}' is not a module of the layer table")
                continue
            for line, header in includes_of(path):
                self.check_include(path, line, header)
        self.check_cycles()
        for folder in ("include", "src", "tests", "bench"):
            for path in sorted((self.root / folder).rglob("*")):
                if path.suffix in (".hpp", ".cpp"):
                    count = len(path.read_text(encoding="utf-8").splitlines())
                    if count > MAX_LINES:
                        self.report(path.relative_to(self.root), count, f"{count} lines; split files over {MAX_LINES}")
        return len(sources)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    checker = Checker(root)
    count = checker.check()
    for finding in checker.findings:
        print(finding)
    print(f"layers: {count} files, {len(checker.findings)} violations")
    return 1 if checker.findings else 0


if __name__ == "__main__":
    sys.exit(main())

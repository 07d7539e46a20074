"""The layer check passes on this checkout and finds each kind of violation in a small tree that has one of each."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("GRAFTAGE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
CHECK = SOURCE / "scripts" / "check_layers.py"


def run_check(files):
    """Exit code and output of the check on a tree made of {path: text}."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, CHECK, root], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout


CLEAN = {
    "include/graftage/core/error.hpp": "#pragma once\n#include <string>\n",
    "include/graftage/graph/batch.hpp": '#pragma once\n#include "graftage/core/error.hpp"\n#include <ATen/core/Tensor.h>\n',
    "src/graph/batch.cpp": '#include "graftage/graph/batch.hpp"\n#include <ATen/ATen.h>\n',
    "src/mpi/session.cpp": "#include <mpi.h>\n",
}


class Layers(unittest.TestCase):
    def test_this_checkout(self):
        done = subprocess.run([sys.executable, CHECK, SOURCE], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_clean_tree(self):
        code, output = run_check(CLEAN)
        self.assertEqual(code, 0, output)
        self.assertIn("4 files, 0 violations", output)

    def expect(self, path, text, finding):
        code, output = run_check({**CLEAN, path: text})
        self.assertEqual(code, 1, output)
        self.assertIn(finding, output)
        self.assertIn("1 violations", output)

    def test_higher_row(self):
        self.expect("src/core/text.cpp", '#include "graftage/graph/batch.hpp"\n', "core must not include graph")

    def test_own_row(self):
        self.expect(
            "src/data/loader.cpp",
            '#include "graftage/nn/linear.hpp"\n',
            '"graftage/nn/linear.hpp" does not exist',
        )
        code, output = run_check(
            {**CLEAN, "include/graftage/nn/linear.hpp": "#pragma once\n",
             "src/data/loader.cpp": '#include "graftage/nn/linear.hpp"\n'})
        self.assertEqual(code, 1, output)
        self.assertIn("src/data/loader.cpp:1: data must not include nn", output)

    def test_narrower_than_the_rows(self):
        self.expect("src/sweep/trial.cpp", '#include "graftage/graph/batch.hpp"\n', "sweep must not include graph")

    def test_foreign_headers_outside_their_module(self):
        for header in ("mpi.h", "hdf5.h", "yaml-cpp/yaml.h", "boost/program_options.hpp", "spdlog/spdlog.h"):
            self.expect("src/train/loop.cpp", f"#include <{header}>\n", f"<{header}> in train")

    def test_libtorch_outside_the_tensor_modules(self):
        self.expect("src/report/table.cpp", "#include <ATen/ATen.h>\n", "<ATen/ATen.h> in report")

    def test_heavy_headers(self):
        self.expect("src/nn/linear.cpp", "#include <torch/torch.h>\n", "<torch/torch.h> is banned")
        self.expect("include/graftage/nn/linear.hpp", "#include <ATen/ATen.h>\n", "<ATen/ATen.h> in a public header")
        self.expect("src/nn/linear.hpp", "#include <ATen/ATen.h>\n", "<ATen/ATen.h> in a header")

    def test_private_header_of_another_module(self):
        code, output = run_check(
            {**CLEAN, "src/core/inner.hpp": "#pragma once\n", "src/graph/x.cpp": '#include "core/inner.hpp"\n'})
        self.assertEqual(code, 1, output)
        self.assertIn('"core/inner.hpp" is private to core', output)

    def test_cycle(self):
        code, output = run_check(
            {**CLEAN, "include/graftage/core/a.hpp": '#include "graftage/core/b.hpp"\n',
             "include/graftage/core/b.hpp": '#include "graftage/core/a.hpp"\n'})
        self.assertEqual(code, 1, output)
        self.assertIn("include cycle", output)

    def test_long_file(self):
        self.expect("src/core/long.cpp", "int x;\n" * 401, "401 lines")

    def test_unknown_module(self):
        self.expect("src/util/a.cpp", "int x;\n", "'util' is not a module")


if __name__ == "__main__":
    unittest.main()

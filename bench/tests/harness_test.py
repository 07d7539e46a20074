"""The harness itself: statistics of races, tables and the TOST, against independent formulas. python -m unittest discover bench/tests"""
import json
import os
import pathlib
import sys
import tempfile
import unittest

import numpy
from scipy import stats

sys.path[:0] = [str(pathlib.Path(__file__).parents[1]), str(pathlib.Path(__file__).parents[1] / "equivalence")]

import table  # noqa: E402
from harness.child import Child, ChildFailed  # noqa: E402
from harness.race import Race  # noqa: E402
from harness.record import Recorder, Target  # noqa: E402
from tost import paired_tost  # noqa: E402


class Script:
    """A contender whose blocks take what a list says."""

    def __init__(self, name, seconds, items=1):
        self.name, self.seconds, self.items = name, iter(seconds), items

    def ask(self):
        took = next(self.seconds)
        return {"seconds": took, "cpu_seconds": 2 * took, "items": self.items}


class Races(unittest.TestCase):
    def test_ratios_are_within_rounds_and_between_fastest(self):
        # warm-up blocks first: 100 s each, not counted
        race = Race([Script("ours", [100, 1, 2, 4]), Script("theirs", [100, 3, 4, 16])], 3)
        result = race.ratio("ours", "theirs")
        self.assertAlmostEqual(result["ratio_of_minima"], 3.0)
        self.assertAlmostEqual(result["median_ratio"], 3.0)  # 3, 2, 4
        self.assertLessEqual(result["interval"][0], 3.0)
        self.assertGreaterEqual(result["interval"][1], 3.0)
        self.assertAlmostEqual(race.summary("theirs")["processor"]["best"], 1 / 6)

    def test_items_count(self):
        race = Race([Script("ours", [1, 1, 1], items=10), Script("theirs", [1, 1, 1], items=5)], 2)
        self.assertAlmostEqual(race.ratio("ours", "theirs")["ratio_of_minima"], 2.0)
        self.assertEqual(race.fastest(), "ours")

    def test_records_become_tables(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "results.jsonl")
            record = Recorder("B0", path, "corpus")
            race = Race([Script("ours", [1] * 4), Script("theirs", [3] * 4)], 3)
            record.race("a case", race, "ours", "theirs", Target(2.5), rows_left=[0.1, 0.2, 0.4])
            record.value("waiting", 2.0, "%", Target(1, at_most=True))
            with open(path, encoding="utf-8") as file:
                lines = file.readlines()
            self.assertTrue(json.loads(lines[0])["target"]["met"])
            self.assertFalse(json.loads(lines[1])["target"]["met"])
            text = table.text_of(table.newest(lines, "", ""))
        self.assertIn("| B0 | a case | theirs | 1 / 0 graphs/s | **3.00** | 3.00 [3.00, 3.00] | ≥ 2.5 ✓ | 0.30 |", text)
        self.assertIn("| B0 | waiting | 2 % | ≤ 1 ✗ |", text)


class Children(unittest.TestCase):
    ECHO = "import json, sys; print('noise'); print(json.dumps(json.loads(sys.argv[1])), flush=True)\nfor line in sys.stdin: print(line, end='', flush=True)"

    def test_facts_and_answers(self):
        with Child("echo", [sys.executable, "-c", self.ECHO], {"mode": "echo"}, os.sched_getaffinity(0)) as child:
            self.assertEqual(child.first, {"mode": "echo"})
            self.assertEqual(child.ask(steps=3), {"steps": 3})

    def test_a_failure_says_why(self):
        with self.assertRaisesRegex(ChildFailed, "code 3: gone"):
            Child("bad", [sys.executable, "-c", "import sys; print('gone', file=sys.stderr); sys.exit(3)"], {}, os.sched_getaffinity(0))
        with self.assertRaisesRegex(ChildFailed, "no such thing"):
            Child("bad", [sys.executable, "-c", "print('{\"error\": \"no such thing\"}')"], {}, os.sched_getaffinity(0))


class Tost(unittest.TestCase):
    def test_equals_two_one_sided_tests(self):
        rng = numpy.random.default_rng(1)
        for shift in (-2.0, -0.5, 0.0, 0.3, 1.5):
            a = rng.normal(70, 2, 12)
            b = a + shift + rng.normal(0, 0.7, 12)
            result = paired_tost(a.tolist(), b.tolist(), 1.0)
            lower = stats.ttest_1samp(b - a, -1.0, alternative="greater").pvalue
            upper = stats.ttest_1samp(b - a, 1.0, alternative="less").pvalue
            self.assertAlmostEqual(result["p"], max(lower, upper))
            low, high = stats.ttest_1samp(b - a, 0).confidence_interval(0.9)
            self.assertAlmostEqual(result["interval"][0], low)
            self.assertAlmostEqual(result["interval"][1], high)
            self.assertEqual(result["equivalent"], -1 < low and high < 1)

    def test_equal_results_are_equivalent_and_a_constant_gap_is_not(self):
        self.assertTrue(paired_tost([70.0, 71.0], [70.0, 71.0], 1.0)["equivalent"])
        self.assertFalse(paired_tost([70.0, 71.0], [75.0, 76.0], 1.0)["equivalent"])

    def test_refuses_too_little(self):
        with self.assertRaises(ValueError):
            paired_tost([70.0], [70.0], 1.0)


if __name__ == "__main__":
    unittest.main()

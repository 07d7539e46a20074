"""What the pages say exists: the tests they name, the files they point to, the links between them."""

import os
import pathlib
import re
import unittest

SOURCE = pathlib.Path(os.environ.get("GRAFTAGE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
PAGES = sorted([*SOURCE.glob("*.md"), *SOURCE.glob("docs/*.md"), *SOURCE.glob("bench/*.md")])
FOLDERS = ("bench", "cmake", "configs", "docs", "include", "jobs", "scripts", "src", "tests")
DECLARATION = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)")
# A test is the only thing in backticks of the form Word.Word whose second word starts with a capital.
NAMED_TEST = re.compile(r"`([A-Z]\w+)\.([A-Z]\w+)`")
NAMED_FILE = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]+\.\w+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
# Names of things a reader would add, in worked examples.
EXAMPLES = re.compile(r"edge_prediction|input_scale|json_lines_source")


def prose(page):
    return FENCE.sub("", page.read_text(encoding="utf-8"))


class Pages(unittest.TestCase):
    def test_there_are_pages(self):
        self.assertIn(SOURCE / "docs/numerics.md", PAGES)

    def test_named_tests_exist(self):
        sources = [*(SOURCE / "tests").rglob("*_test.cpp")]
        declared = {match for path in sources for match in DECLARATION.findall(path.read_text(encoding="utf-8"))}
        named = 0
        for page in PAGES:
            for test in NAMED_TEST.findall(prose(page)):
                named += 1
                with self.subTest(page=page.name, test=".".join(test)):
                    self.assertIn(test, declared)
        self.assertGreater(named, 20)

    def test_named_files_exist(self):
        for page in PAGES:
            for name in NAMED_FILE.findall(prose(page)):
                if EXAMPLES.search(name):
                    continue
                with self.subTest(page=page.name, file=name):
                    self.assertTrue((SOURCE / name).exists(), f"{page.name} names {name}")

    def test_links_lead_somewhere(self):
        for page in PAGES:
            for target in LINK.findall(prose(page)):
                if "://" in target or target.startswith("mailto:"):
                    continue
                with self.subTest(page=page.name, link=target):
                    self.assertTrue((page.parent / target).exists(), f"{page.name} links to {target}")


if __name__ == "__main__":
    unittest.main()

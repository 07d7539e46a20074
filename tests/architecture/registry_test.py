"""Every registered component has a row in docs/extending.md, and the row's source, unit test and oracle exist and know it."""

import os
import pathlib
import re
import unittest

SOURCE = pathlib.Path(os.environ.get("GRAFTAGE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
REGISTRATION = re.compile(r'\.add<(\w+)>\("(\w+)"\)')
ROW = re.compile(r"^\| `(\w+)` \|.*\| `([^`]+)` \| `([^`]+)` \|$", re.MULTILINE)


def registered():
    """(module, class, name) of each registration line."""
    for path in sorted((SOURCE / "src").rglob("*.cpp")):
        for class_name, name in REGISTRATION.findall(path.read_text(encoding="utf-8")):
            yield path.parent.name, class_name, name


def mentions(text, class_name, name):
    return re.search(rf'\b{class_name}\b|"{name}"', text) is not None


class Registries(unittest.TestCase):
    def setUp(self):
        self.rows = {name: (source, oracle) for name, source, oracle in ROW.findall((SOURCE / "docs/extending.md").read_text())}
        self.components = list(registered())

    def test_registrations_are_found(self):
        names = {name for _, _, name in self.components}
        self.assertLessEqual({"attribute_masking", "l2p", "full", "linear_probe", "gpf", "gpf_plus"}, names)

    def test_names_are_unique_in_their_module(self):
        keys = [(module, name) for module, _, name in self.components]
        self.assertEqual(len(keys), len(set(keys)))

    def test_rows_and_registrations_match(self):
        self.assertEqual(set(self.rows), {name for _, _, name in self.components})

    def test_each_has_its_source_and_oracle(self):
        for _, class_name, name in self.components:
            source, oracle = self.rows[name]
            with self.subTest(name=name):
                self.assertIn(f"{class_name}::", (SOURCE / source).read_text(encoding="utf-8"))
                text = (SOURCE / oracle).read_text(encoding="utf-8")
                self.assertTrue(mentions(text, class_name, name), f"{oracle} does not mention {class_name}")

    def test_each_has_a_unit_test(self):
        for module, class_name, name in self.components:
            tests = "\n".join(path.read_text(encoding="utf-8") for path in (SOURCE / "tests/unit" / module).glob("*_test.cpp"))
            with self.subTest(name=name):
                self.assertTrue(mentions(tests, class_name, name), f"no test in tests/unit/{module} mentions {class_name}")


if __name__ == "__main__":
    unittest.main()

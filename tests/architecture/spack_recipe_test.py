"""The Spack recipe loads, declares what the build needs, and passes CMake only options that the build knows.

Spack itself is replaced by modules that record each directive.
"""

import importlib.util
import os
import pathlib
import re
import sys
import types
import unittest
from unittest import mock

SOURCE = pathlib.Path(os.environ.get("GRAFTAGE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))


class FakeSpec(dict):
    """A concrete spec: satisfies() looks for the variant, items are dependencies."""

    def __init__(self, variants):
        super().__init__()
        self.variants = variants

    def __missing__(self, name):
        return types.SimpleNamespace(
            prefix=types.SimpleNamespace(include=f"/{name}/include", share=f"/{name}/share"), mpicc=f"/{name}/bin/mpicc")

    def satisfies(self, text):
        return text in self.variants


class FakePackage:
    run_tests = True
    cuda_arch_values = ("80", "90")

    def define(self, name, value):
        return f"-D{name}={value}"

    def define_from_variant(self, name, variant):
        return f"-D{name}={'ON' if '+' + variant in self.spec.variants else 'OFF'}"


def load_recipe():
    """The recipe's class and its recorded directives as (name, arguments, keywords)."""
    directives = []

    def record(name):
        return lambda *arguments, **keywords: directives.append((name, arguments, keywords))

    package = types.ModuleType("spack.package")
    for name in ("version", "variant", "depends_on", "conflicts", "generator"):
        setattr(package, name, record(name))
    package.join_path = os.path.join
    package.run_after = lambda phase: lambda function: function
    for name in ("working_dir", "which", "ctest", "test_part", "cache_extra_test_sources", "SkipTest"):
        setattr(package, name, None)
    modules = {name: types.ModuleType(name) for name in (
        "spack", "spack_repo", "spack_repo.builtin", "spack_repo.builtin.build_systems",
        "spack_repo.builtin.build_systems.cmake", "spack_repo.builtin.build_systems.cuda")}
    modules["spack.package"] = package
    modules["spack_repo.builtin.build_systems.cmake"].CMakePackage = type("CMakePackage", (FakePackage,), {})
    modules["spack_repo.builtin.build_systems.cuda"].CudaPackage = type(
        "CudaPackage", (), {"cuda_arch_values": FakePackage.cuda_arch_values})
    with mock.patch.dict(sys.modules, modules):
        sys.dont_write_bytecode = True
        spec = importlib.util.spec_from_file_location("recipe", SOURCE / "package.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module.Graftage, directives


class SpackRecipe(unittest.TestCase):
    def setUp(self):
        self.recipe, self.directives = load_recipe()

    def names(self, directive):
        return [arguments[0] for name, arguments, _ in self.directives if name == directive]

    def arguments_of(self, variants):
        package = self.recipe()
        package.spec = FakeSpec(variants)
        return package.cmake_args()

    def test_variants(self):
        self.assertEqual(self.names("variant"), ["cuda", "rdkit"])

    def test_dependencies_cover_what_cmake_looks_for(self):
        packages = {
            "MPI": "mpi", "HDF5": "hdf5", "yaml-cpp": "yaml-cpp", "Boost": "boost", "nlohmann_json": "nlohmann-json",
            "spdlog": "spdlog", "OpenSSL": "openssl", "ZLIB": "zlib-api", "LibTorch": "py-torch", "RDKit": "rdkit",
        }
        text = (SOURCE / "cmake/GraftageDependencies.cmake").read_text()
        wanted = re.findall(r"find_package\((\S+?)[ )]", text)
        self.assertGreaterEqual(len(wanted), 10)
        declared = {re.match(r"[a-z0-9-]+", name).group(0) for name in self.names("depends_on")}
        for name in wanted:
            self.assertIn(packages[name], declared)

    def test_torch_follows_the_cuda_variant(self):
        torch = [(arguments[0], keywords.get("when")) for name, arguments, keywords in self.directives
                 if name == "depends_on" and arguments[0].startswith("py-torch")]
        self.assertIn(("py-torch@2.12:2.13 ~cuda", "~cuda"), torch)
        self.assertIn(("py-torch@2.12:2.13 +cuda cuda_arch=90", "+cuda cuda_arch=90"), torch)

    def test_cmake_knows_every_option(self):
        cmake = "\n".join(path.read_text() for path in [SOURCE / "CMakeLists.txt", *sorted(SOURCE.glob("cmake/*.cmake"))])
        arguments = self.arguments_of({"+rdkit"})
        self.assertIn("-DGRAFTAGE_RDKIT=ON", arguments)
        self.assertIn("-DGRAFTAGE_TESTS=True", arguments)
        for argument in arguments:
            name = re.match(r"-D(\w+)=", argument).group(1)
            self.assertIn(name, cmake)

    def test_without_rdkit(self):
        arguments = self.arguments_of({"~rdkit"})
        self.assertIn("-DGRAFTAGE_RDKIT=OFF", arguments)
        self.assertFalse(any("RDKit_SHARE_DIR" in argument for argument in arguments))

    def test_files_that_the_recipe_uses_exist(self):
        text = (SOURCE / "package.py").read_text()
        studies = re.findall(r'"studies", "(\w+\.yaml)"', text)
        self.assertTrue(studies)
        for study in studies:
            self.assertTrue((SOURCE / "configs/studies" / study).is_file(), study)
        self.assertTrue((SOURCE / "tests/e2e/configs/tiny_study.yaml").is_file())


if __name__ == "__main__":
    unittest.main()

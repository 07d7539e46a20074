"""LibTorch is found in a bare folder of headers and libraries, CPU and CUDA alike, and an unsupported version is refused.

The folders are made here from empty libraries, without any CMake file, as a wheel without a CUDA toolkit around it.
"""

import os
import pathlib
import subprocess
import tempfile
import textwrap
import unittest

SOURCE = pathlib.Path(os.environ.get("GRAFTAGE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
CMAKE = os.environ.get("GRAFTAGE_CMAKE", "cmake")
CXX = os.environ.get("GRAFTAGE_CXX", "c++")

SMALL_PROJECT = textwrap.dedent("""
    cmake_minimum_required(VERSION 3.25)
    project(small CXX)
    list(APPEND CMAKE_MODULE_PATH "@SOURCE@/cmake")
    find_package(LibTorch REQUIRED)
    file(WRITE ${CMAKE_BINARY_DIR}/main.cpp "#include <ATen/ATen.h>\\nint main() { return torch_cpu_symbol(); }")
    add_executable(small ${CMAKE_BINARY_DIR}/main.cpp)
    target_link_libraries(small PRIVATE LibTorch::LibTorch)
    """)


def make_folder(root, version, libraries):
    """A LibTorch of empty libraries under `root`; every library but torch_cpu has nothing that a program refers to."""
    major, minor, patch = version.split(".")
    texts = {
        "include/ATen/ATen.h": 'extern "C" int torch_cpu_symbol();\n',
        "include/torch/headeronly/version.h":
            f"#define TORCH_VERSION_MAJOR {major}\n#define TORCH_VERSION_MINOR {minor}\n#define TORCH_VERSION_PATCH {patch}\n",
    }
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "include/torch/csrc/api/include").mkdir(parents=True)
    (root / "lib").mkdir()
    for library in libraries:
        source = root / "lib" / f"{library}.cpp"
        source.write_text(f'extern "C" int {library}_symbol() {{ return 0; }}\n')
        subprocess.run([CXX, "-shared", "-fPIC", "-o", root / "lib" / f"lib{library}.so", source], check=True)
        source.unlink()


CPU = ["torch", "torch_cpu", "c10"]
CUDA = CPU + ["torch_cuda", "c10_cuda"]


class LibTorchFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.torch = self.folder / "libtorch"

    def cmake(self, *arguments, **environment):
        clean = {key: value for key, value in os.environ.items() if key not in ("Torch_DIR", "CMAKE_PREFIX_PATH")}
        done = subprocess.run([CMAKE, *map(str, arguments)], capture_output=True, text=True, check=False,
                              env={**clean, **environment})
        return done.returncode, done.stdout + done.stderr

    def configure_graftage(self, *arguments, **environment):
        return self.cmake("-S", SOURCE, "-B", self.folder / "build", "-DGRAFTAGE_TESTS=OFF", *arguments, **environment)

    def build_small_project(self):
        """Libraries that the linked program loads."""
        project = self.folder / "small"
        project.mkdir()
        (project / "CMakeLists.txt").write_text(SMALL_PROJECT.replace("@SOURCE@", str(SOURCE)))
        code, output = self.cmake("-S", project, "-B", project / "build", f"-DTorch_DIR={self.torch}/share/cmake/Torch")
        self.assertEqual(code, 0, output)
        code, output = self.cmake("--build", project / "build")
        self.assertEqual(code, 0, output)
        program = project / "build" / "small"
        self.assertEqual(subprocess.run([program], check=False).returncode, 0)
        return subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout

    def test_cpu_folder(self):
        make_folder(self.torch, "2.13.0", CPU)
        code, output = self.configure_graftage(f"-DTorch_DIR={self.torch}/share/cmake/Torch")
        self.assertEqual(code, 0, output)
        self.assertIn(f"LibTorch 2.13.0 in {self.torch} (CPU)", output)
        loaded = self.build_small_project()
        self.assertIn("libtorch_cpu.so", loaded)
        self.assertNotIn("cuda", loaded)

    def test_cuda_folder_without_toolkit(self):
        make_folder(self.torch, "2.12.1", CUDA)
        code, output = self.configure_graftage(f"-DCMAKE_PREFIX_PATH={self.torch}")
        self.assertEqual(code, 0, output)
        self.assertIn(f"LibTorch 2.12.1 in {self.torch} (CUDA)", output)
        loaded = self.build_small_project()
        self.assertIn("libtorch_cuda.so", loaded)  # kept by the linker although no symbol of it is used

    def test_prefix_path_of_the_environment_comes_before_python(self):
        make_folder(self.torch, "2.13.7", CPU)
        code, output = self.configure_graftage(CMAKE_PREFIX_PATH=f"/nowhere:{self.torch}/share/cmake")
        self.assertEqual(code, 0, output)
        self.assertIn("LibTorch 2.13.7", output)

    def test_unsupported_version_is_refused_with_a_remedy(self):
        make_folder(self.torch, "1.13.1", CPU)
        code, output = self.configure_graftage(f"-DTorch_DIR={self.torch}")
        self.assertNotEqual(code, 0)
        self.assertIn("is version '1.13.1'", output)
        self.assertIn("scripts/setup.sh", output)


if __name__ == "__main__":
    unittest.main()

# Spack recipe of graftage. To use it, put it into a Spack repository of API v2 as
# spack_repo/<namespace>/packages/graftage/package.py, then: spack install graftage +rdkit ~cuda

import os

from spack_repo.builtin.build_systems.cmake import CMakePackage
from spack_repo.builtin.build_systems.cuda import CudaPackage

from spack.package import *

TINY_STUDY = os.path.join("tests", "e2e", "configs", "tiny_study.yaml")


class Graftage(CMakePackage, CudaPackage):
    """Pretrains graph neural networks on MPI ranks over sharded HDF5 corpora, then sweeps over hyperparameters and seeds to
    adapt the encoder to downstream tasks (fine-tuning, probing, prompt tuning), and writes the comparison as HDF5 and tables."""

    # There is no public address yet: give Spack a checkout, `spack develop --path . graftage@main`, or a git of your own.
    has_code = True
    version("main")

    variant("cuda", default=False, description="Use a LibTorch that was built with CUDA")
    variant("rdkit", default=True, description="Import SMILES files; without it only the OGB raw layout is read")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")

    depends_on("mpi")
    # Serial access only, so the flavour is left to the site: the variants mpi, hl, cxx and fortran stay free.
    depends_on("hdf5@1.10:")
    depends_on("yaml-cpp@0.7:")
    depends_on("boost@1.74: +program_options")
    depends_on("nlohmann-json@3.11:")
    depends_on("spdlog@1.10:")
    depends_on("random123")
    depends_on("openssl")
    depends_on("zlib-api")
    depends_on("googletest@1.12:", type="test")

    # There is no package of LibTorch alone; py-torch defaults to +cuda on Linux.
    depends_on("py-torch@2.12:2.13 ~cuda", when="~cuda")
    for arch in CudaPackage.cuda_arch_values:
        depends_on(f"py-torch@2.12:2.13 +cuda cuda_arch={arch}", when=f"+cuda cuda_arch={arch}")
    depends_on("py-torch@2.12:2.13 +cuda", when="+cuda")

    depends_on("rdkit", when="+rdkit")
    depends_on("boost +serialization", when="+rdkit")

    conflicts("cuda_arch=none", when="+cuda", msg="name the GPU, for example cuda_arch=90")
    conflicts("%gcc@:11", msg="C++20 as used here needs GCC 12 or newer")

    generator("ninja")

    def cmake_args(self):
        # LibTorch is found through CMAKE_PREFIX_PATH, to which py-torch adds its share/cmake.
        args = [
            self.define_from_variant("GRAFTAGE_RDKIT", "rdkit"),
            self.define("GRAFTAGE_TESTS", self.run_tests),
            self.define("GRAFTAGE_WERROR", False),
            self.define("MPI_C_COMPILER", self.spec["mpi"].mpicc),
            self.define("RANDOM123_INCLUDE_DIR", self.spec["random123"].prefix.include),
            self.define("CCACHE_PROGRAM", False),
        ]
        if self.spec.satisfies("+rdkit"):
            args.append(self.define("RDKit_SHARE_DIR", join_path(self.spec["rdkit"].prefix.share, "RDKit")))
        return args

    def check(self):
        """Unit and architecture tests; those with ranks run only where mpirun is allowed."""
        with working_dir(self.build_directory):
            ctest("--output-on-failure", "-L", "unit|architecture")

    @run_after("install")
    def keep_test_inputs(self):
        """the tiny study stays with the installation for the stand-alone tests"""
        cache_extra_test_sources(self, join_path("tests", "e2e"))

    def test_version(self):
        """the program starts and names its version and libraries"""
        program = which(self.prefix.bin.graftage)
        output = program("--version", output=str.split, error=str.split)
        assert "graftage" in output and "libtorch" in output

    def test_dry_run(self):
        """the installed study configuration is valid"""
        program = which(self.prefix.bin.graftage)
        program("study", join_path(self.prefix.share.graftage.configs, "studies", "quickstart.yaml"), "--dry-run")

    def test_tiny_pipeline(self):
        """import, pretrain, sweep and report on 1 and 2 ranks"""
        launcher = which(self.spec["mpi"].prefix.bin.mpiexec)
        if launcher is None or os.geteuid() == 0 or "SPACK_TEST_NO_MPI" in os.environ:
            raise SkipTest("mpiexec is not allowed here (root, or a login node with SPACK_TEST_NO_MPI set)")
        if self.spec.satisfies("~rdkit"):
            raise SkipTest("the study imports SMILES and needs +rdkit")
        program = which(self.prefix.bin.graftage)
        with working_dir(self.test_suite.current_test_cache_dir):
            for ranks in (1, 2):
                with test_part(self, f"test_tiny_pipeline_{ranks}", purpose=f"the tiny study on {ranks} ranks"):
                    program("study", TINY_STUDY, "--set", f"output=runs/tiny_{ranks}", "--set", f"launcher.ranks={ranks}")

"""What every row of the suite is given: how to start contenders, and where to record."""
import os
import sys
import tempfile

from harness import machine
from harness.child import Child, ChildFailed
from harness.race import Race
from harness.record import Recorder

# Against the peer in float64, whose rounding counts as none. In float32 the gradient of these models is badly conditioned: torch's
# own BatchNorm is up to 2e-2 away.
LOSS_TOLERANCE = 1e-3
GRADIENT_TOLERANCE = 1e-2

AGGREGATIONS = {"PyG scatter": {"formulation": "scatter"}, "torch CSR": {"formulation": "csr"}}
# glibc told to keep freed memory, as graftage does for itself.
TUNED_MALLOC = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "2000000000", "MALLOC_TOP_PAD_": "67108864"}


class Mismatch(Exception):
    """Two contenders do not compute the same; nothing is timed."""


class Bench:
    """worker, graftage: executables. corpus: for pretraining; task: a labelled corpus. blocks: of a race; quick: trial run."""

    def __init__(self, options):
        self.worker_path = os.path.join(machine.ROOT, options.build, "bench", "bench_worker")
        self.kernels_path = os.path.join(machine.ROOT, options.build, "bench", "bench_kernels")
        self.graftage = os.path.join(machine.ROOT, options.build, "graftage")
        self.corpus, self.task = options.corpus, options.task
        self.results, self.quick = options.results, options.quick
        self.blocks = 2 if options.quick else 10
        self.core = [machine.cores()[-1]]
        self.all_cores = machine.cores()
        self.folder = tempfile.mkdtemp(prefix="bench-", dir=os.path.join(machine.ROOT, "build"))

    def recorder(self, row):
        return Recorder(row, self.results, os.path.basename(self.corpus))

    def path(self, name):
        return os.path.join(self.folder, name)

    def ours(self, name="graftage", env=None, **spec):
        return Child(name, [self.worker_path], spec, self.core, env)

    def ranks(self, name, count, **spec):
        """graftage on several cores, one rank each."""
        spec.update(ranks=True, control=self.path(f"control-{name.replace(' ', '-')}"))
        command = ["mpirun", "-q", "-n", str(count), "--bind-to", "core", "--map-by", "core", self.worker_path]
        as_root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"} if os.geteuid() == 0 else {}
        return Child(name, command, spec, self.all_cores, {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", **as_root})

    def peer(self, name, cores=None, env=None, **spec):
        return Child(name, [sys.executable, os.path.join(machine.ROOT, "bench", "peer.py")], spec, cores or self.core, env)

    def compare(self, name, **spec):
        """Holds graftage's first loss and gradient, and the peer's, against the peer in float64. @throws Mismatch"""
        with self.peer(name, compare=True, **spec) as child:
            result = child.first
        loss, exact = result["loss"], result["peer_loss_float64"]
        print(f"    first batch against {name} in float64: loss {loss:.6f} and {exact:.6f}; gradient differs by "
              f"{result['gradient_difference']:.1e} (the peer's own in float32 by {result['peer_gradient_difference']:.1e})", flush=True)
        if abs(loss - exact) > LOSS_TOLERANCE * max(abs(exact), 1e-12) or result["gradient_difference"] > GRADIENT_TOLERANCE:
            raise Mismatch(f"{name} computes something else: loss {loss} against {exact}, gradient off by {result['gradient_difference']:.1e}")
        return result

    def heat(self, contenders, request, blocks=2):
        """A short race of peers (functions that start them, by name). @return (fastest name, its Child, rates and failures by name)"""
        children, outcome = [], {}
        for name, start in contenders.items():
            try:
                children.append(start(name))
                children[-1].ask(**request)
            except ChildFailed as error:
                outcome[name] = f"failed: {error}"
        race = Race(children, blocks, request, warm_up=0)
        outcome.update({name: race.summary(name) for name in race.names})
        best = race.fastest()
        for child in children:
            if child.name != best:
                child.close()
        rates = ", ".join(f"{n} {r['wall']['best']:.0f}" if isinstance(r, dict) else f"{n} {r}" for n, r in outcome.items())
        print(f"    heat, graphs/s: {rates}", flush=True)
        return best, next(child for child in children if child.name == best), outcome

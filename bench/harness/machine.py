"""What a result depends on beside the programs: processor, load, stolen time, versions, commit."""
import importlib.metadata
import os
import platform
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _first_processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        lines = dict(line.split(":", 1) for line in file.read().split("\n\n", maxsplit=1)[0].splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in lines.items()}


def processor():
    """(model, widest instruction set that matters for matrix products)."""
    fields = _first_processor()
    flags = fields.get("flags", "").split()
    kinds = (("amx_bf16", "AMX"), ("avx512_bf16", "AVX-512 BF16"), ("avx512f", "AVX-512"), ("avx2", "AVX2"))
    return fields.get("model name", platform.machine()), next((name for flag, name in kinds if flag in flags), "scalar")


def has_amx():
    return processor()[1] == "AMX"


def governor():
    try:
        with open("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return "none"


def stolen_seconds():
    """Time the hypervisor gave to others, over all cores since boot."""
    with open("/proc/stat", encoding="utf-8") as file:
        return int(file.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def cores():
    """Cores this process may use, in order."""
    return sorted(os.sched_getaffinity(0))


def version_of(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def revision():
    """Commit of the checkout, with -dirty when files differ."""
    done = subprocess.run(["git", "describe", "--always", "--dirty", "--exclude", "*"], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def facts():
    cpu, isa = processor()
    return {"cpu": cpu, "isa": isa, "cores": len(cores()), "governor": governor(), "revision": revision(),
            "versions": {name: version_of(name) for name in ("torch", "torch_geometric", "numpy", "scipy", "optuna", "h5py")}}

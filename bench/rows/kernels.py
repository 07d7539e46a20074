"""kernels: microbenchmarks of single operators (Google Benchmark), one core."""
import json
import os
import subprocess

from harness.child import SINGLE_THREAD


def run(bench):
    record = bench.recorder("kernels")
    command = [bench.kernels_path, "--benchmark_format=json", "--benchmark_min_time=0.1", f"--benchmark_repetitions={1 if bench.quick else 3}",
               "--benchmark_enable_random_interleaving=true"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **SINGLE_THREAD},
                          preexec_fn=lambda: os.sched_setaffinity(0, bench.core))
    fastest = {}
    for result in json.loads(done.stdout)["benchmarks"]:
        if result["run_type"] == "iteration" and result["real_time"] < fastest.get(result["run_name"], (float("inf"),))[0]:
            fastest[result["run_name"]] = result["real_time"], result["time_unit"], result.get("GFLOP/s"), result.get("items_per_second")
    for name, (time, unit, gflops, items) in sorted(fastest.items()):
        microseconds = time * {"ns": 1e-3, "us": 1, "ms": 1e3, "s": 1e6}[unit]
        rates = {**({"gflops": gflops / 1e9} if gflops else {}), **({"items_per_second": items} if items else {})}
        record.value(name, microseconds, "us", **rates)

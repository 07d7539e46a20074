"""A contender: a process that is told on stdin to run a block and answers with one JSON line.

The first argument after the command is a JSON object that says what to set up. The child answers with a first line (facts),
then with one line per request. A line with "error" ends the child's part in a bench, not the bench.
"""
import json
import os
import subprocess
import tempfile

SINGLE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class ChildFailed(Exception):
    """The child ended or reported an error."""


class Child:
    """name: as results call it. cores: those the process may use. env: added to the environment."""

    def __init__(self, name, command, spec, cores, env=None):
        self.name = name
        self.log = tempfile.TemporaryFile("w+")
        environment = {**os.environ, **(SINGLE_THREAD if len(cores) == 1 else {}), **(env or {})}
        self.process = subprocess.Popen(
            [*command, json.dumps(spec)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
            env=environment, preexec_fn=lambda: os.sched_setaffinity(0, cores))
        try:
            self.first = self._read()
        except ChildFailed:
            self.close()
            raise

    def _read(self):
        while True:
            line = self.process.stdout.readline()
            if not line:
                code = self.process.wait()
                self.log.seek(0)
                tail = self.log.read().strip().splitlines()[-3:]
                raise ChildFailed(f"{self.name} ended with code {code}: {' | '.join(tail)}")
            if line.startswith("{"):
                break
        answer = json.loads(line)
        if "error" in answer:
            raise ChildFailed(f"{self.name}: {answer['error']}")
        return answer

    def ask(self, **request):
        """Sends one request. @return its answer"""
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # _read says why
        return self._read()

    def close(self):
        if self.process.stdin and not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

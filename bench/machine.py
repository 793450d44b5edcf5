"""Running programs, and what they run on."""
import json
import os
import pathlib
import subprocess
import sys
import time

TIMEOUT = 300                   # seconds for a program


def clean_environment():
    """On some processors OpenBLAS is told to use an older core here; the peers must not be slowed by that."""
    for key in [k for k in os.environ if k.startswith("OPENBLAS_")]:
        del os.environ[key]


def objects(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")]


def lines(command, folder, environment=None):
    """The JSON objects that a program prints, one a line; and what went wrong, or None."""
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, env={**os.environ, **(environment or {})}, cwd=folder, capture_output=True,
                              text=True, timeout=TIMEOUT)
    except OSError as error:
        return [], str(error)
    except subprocess.TimeoutExpired as error:
        return objects((error.stdout or b"").decode()), f"{command[1]} was still at work after {TIMEOUT} s"
    rows = objects(done.stdout)
    last = (done.stderr.strip().splitlines() or [""])[-1][-300:]
    return rows, f"{' '.join(command)}: status {done.returncode}: {last}" if done.returncode else None


def busy(seconds):
    """The share of all CPU time that others use while nothing of ours runs."""
    def read():
        numbers = [int(n) for n in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
        return sum(numbers[:8]), numbers[3] + numbers[4]
    all_before, idle_before = read()
    time.sleep(seconds)
    all_after, idle_after = read()
    passed = all_after - all_before
    return 1 - (idle_after - idle_before) / passed if passed else 0.0


def warm(seconds):
    """Keeps every CPU busy: one that was idle takes a while to come to speed."""
    loop = f"import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"
    for process in [subprocess.Popen([sys.executable, "-c", loop]) for _ in os.sched_getaffinity(0)]:
        process.wait()


def text_of(path):
    try:
        return pathlib.Path(path).read_text().strip()
    except OSError:
        return ""


def field(path, name):
    for line in text_of(path).splitlines():
        if line.startswith(name):
            return line.split(":", 1)[1].strip()
    return ""


def caches():
    found = []
    for index in sorted(pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        kind = text_of(index / "type")
        if kind != "Instruction":
            found.append(f"L{text_of(index / 'level')} {text_of(index / 'size')} for {text_of(index / 'shared_cpu_list')}")
    return found


def describe():
    flags = field("/proc/cpuinfo", "flags").split()
    kinds = "avx2", "avx512f", "avx512_bf16", "amx_bf16"
    return {
        "cpu": field("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "flags": [kind for kind in kinds if kind in flags],
        "caches": caches(),
        "memory": field("/proc/meminfo", "MemTotal"),
        "load": os.getloadavg()[0],
    }


def ask(command):
    try:
        return subprocess.run([str(w) for w in command], capture_output=True, text=True, timeout=300).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def versions(arguments):
    package = "from importlib.metadata import version; print(version('%s'))"
    python = {name: arguments.peers / name / "bin/python" for name in ("keras", "torch")}
    return {
        "lamina": ask([arguments.lamina, "--version"]),
        "keras": ask([python["keras"], "-c", package % "keras"]),
        "tensorflow": ask([python["keras"], "-c", package % "tensorflow-cpu"]),
        "torch": ask([python["torch"], "-c", package % "torch"]),
    }

"""What a run depends on: the machine, the peers with their versions, the virtual environment, the threads of libraries."""

import importlib.metadata
import os
import pathlib
import platform
import subprocess
import sys
import venv

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]

# By the name that each is imported by: its distribution and version. Those that no part names are what the scripts or the peers
# need; they are pinned too, since peers are as fast as these are.
PACKAGES = {
    "faiss": ("faiss-cpu", "1.15.1"),
    "hnswlib": ("hnswlib", "0.8.0"),
    "usearch": ("usearch", "2.26.6"),
    "pynndescent": ("pynndescent", "0.7.0"),
    "pyversity": ("pyversity", "0.2.0"),
    "apricot": ("apricot-select", "0.6.1"),
    "scipy": ("scipy", "1.17.1"),
    "numpy": ("numpy", "2.4.6"),
    "numba": ("numba", "0.68.1"),
    "sklearn": ("scikit-learn", "1.9.1"),
    "h5py": ("h5py", "3.16.0"),
    "tqdm": ("tqdm", "4.70.1"),
}

# hnswlib is compiled where it is installed, for that processor; another one stops it at its first search.
USE = {
    "hnswlib": "import hnswlib, numpy; index = hnswlib.Index('ip', 100); index.init_index(9); index.add_items(numpy.eye(9, 100)); "
    "index.knn_query(numpy.eye(1, 100))"
}


def missing():
    """The packages that this Python cannot use, each with the reason."""
    pipe = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    # Each in its own process: an import may take the process with it.
    tries = {name: subprocess.Popen([sys.executable, "-c", USE.get(name, f"import {name}")], **pipe) for name in PACKAGES}
    said = {name: tried.communicate()[1].strip().splitlines() for name, tried in tries.items()}
    failed = {name: lines for name, lines in said.items() if tries[name].returncode != 0}
    return {name: lines[-1] if lines else f"it ends with {tries[name].returncode}" for name, lines in failed.items()}


def versions(missing):
    """The versions of the packages that are not missing, by distribution."""
    found = {}
    for name, (distribution, _) in PACKAGES.items():
        if name not in missing:
            try:
                found[distribution] = importlib.metadata.version(distribution)
            except importlib.metadata.PackageNotFoundError:
                found[distribution] = "of an unknown version"
    return found


def start_inside(script, arguments):
    """Goes on with the script inside a virtual environment that has all packages."""
    folder = REPOSITORY / "target" / "peers"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = "\n".join(f"{distribution}=={version}" for distribution, version in PACKAGES.values())
    installed = folder / "installed.txt"
    if not installed.exists() or installed.read_text() != wanted:
        print(f"installing the peers into {folder}; --here does without", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted.split()], check=True)
        installed.write_text(wanted)
    # With --here it cannot come back to this place.
    os.execv(python, [str(python), script, *arguments, "--here"])


def for_threads(threads):
    """The environment of a process whose libraries have so many threads at most."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")
    return {**os.environ, **{name: str(threads) for name in names}, **fastest_kernels(), **patience()}


def is_busy():
    """Whether others compute, too."""
    return (load() or 0) > cores()


def patience():
    """OpenMP's threads spin while they wait for each other. Where others take their cores meanwhile, FAISS becomes several
    times slower; then they sleep."""
    return {"OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "PASSIVE")} if is_busy() else {}


def fastest_kernels():
    """OpenBLAS takes the kernels of Haswell on processors that it does not know, or where the environment says so; with AVX-512,
    those of SkylakeX are faster."""
    if os.environ.get("OPENBLAS_CORETYPE", "Haswell") == "Haswell" and "avx512f" in cpuinfo("flags"):
        return {"OPENBLAS_CORETYPE": "SkylakeX"}
    return {}


def cpuinfo(field):
    """What Linux says about the first processor, or nothing."""
    path = pathlib.Path("/proc/cpuinfo")
    for line in path.read_text().splitlines() if path.exists() else []:
        name, _, value = line.partition(":")
        if name.strip() == field:
            return value.strip()
    return ""


def cores():
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def load():
    """How many processes ran or waited to, over the last minute; None where the system does not say."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def machine():
    cpu = cpuinfo("model name") or platform.processor() or platform.machine()
    set_for_peers = {**os.environ, **fastest_kernels(), **patience()}
    return {
        "cpu": cpu, "cores": cores(), "system": platform.system(), "python": platform.python_version(), "load": load(),
        **{name: set_for_peers.get(name) for name in ("OPENBLAS_CORETYPE", "OMP_WAIT_POLICY")},
    }


def commit():
    """The commit of this repository, with a mark if files differ from it; None without git."""
    try:
        command = ["git", "describe", "--always", "--abbrev=12", "--dirty", "--exclude=*"]
        return subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None

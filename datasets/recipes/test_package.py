"""Packages are taken as pinned, or refused."""

import contextlib
import hashlib
import io
import os
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

import package
from package import Package, Refused, member_of

METADATA = "Metadata-Version: 2.1\nName: words\nVersion: 1.0\n"


def wheel(words=b"one two"):
    """A wheel with one file of data."""
    bytes_of = io.BytesIO()
    with zipfile.ZipFile(bytes_of, "w") as files:
        for name, data in [
            ("words/words.txt", words),
            ("words-1.0.dist-info/METADATA", METADATA),
            ("words-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
            ("words-1.0.dist-info/RECORD", ""),
        ]:
            files.writestr(zipfile.ZipInfo(name), data)
    return bytes_of.getvalue()


def tar(**files):
    """A gzipped tar, as npm packs them."""
    bytes_of = io.BytesIO()
    with tarfile.open(fileobj=bytes_of, mode="w:gz") as archive:
        for name, data in files.items():
            file = tarfile.TarInfo(f"package/{name}")
            file.size = len(data)
            archive.addfile(file, io.BytesIO(data))
    return bytes_of.getvalue()


def pinned(registry, archive):
    return Package(registry, "words", "1.0", hashlib.sha256(archive).hexdigest())


class Packages(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.packages = self.folder / "packages"

    def refused(self, says):
        return self.assertRaisesRegex(Refused, says)

    def registry_of(self, archive):
        """pip finds this wheel and no other, and no network."""
        shelf = self.folder / "shelf"
        shelf.mkdir()
        (shelf / "words-1.0-py3-none-any.whl").write_bytes(archive)
        return mock.patch.dict(os.environ, {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(shelf)})

    def npm(self, *lines):
        """A program in the place of npm."""
        program = self.folder / "npm"
        program.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        program.chmod(0o755)
        return mock.patch.dict(os.environ, {"PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}"})

    def test_pip_hands_out_what_is_pinned_and_it_is_kept(self):
        words = pinned("pypi", wheel())
        with self.registry_of(wheel()):
            self.assertEqual(words.read("words/words.txt", self.packages, 7), b"one two")
        with mock.patch.object(package.subprocess, "run", side_effect=AssertionError("downloaded again")):
            self.assertEqual(words.read("words/words.txt", self.packages, 7), b"one two")
        self.assertEqual([path.name for path in self.packages.iterdir()], ["words-1.0.whl"])

    def test_another_wheel_of_that_name_is_refused_and_not_kept(self):
        with self.registry_of(wheel(b"one too")), self.refused("could not be downloaded"):
            pinned("pypi", wheel()).read("words/words.txt", self.packages, 7)
        self.assertEqual(list(self.packages.iterdir()), [])

    def test_a_version_that_is_not_there_is_refused(self):
        with self.registry_of(wheel()), self.refused("words 2.0 of pypi could not be downloaded"):
            Package("pypi", "words", "2.0", "0" * 64).archive(self.packages)

    def test_a_kept_archive_that_changed_is_refused(self):
        self.packages.mkdir()
        (self.packages / "words-1.0.whl").write_bytes(wheel(b"changed"))
        with self.refused("is pinned to .*: remove the file"):
            pinned("pypi", wheel()).read("words/words.txt", self.packages, 7)

    def test_npm_is_asked_for_the_version_and_its_archive_is_checked(self):
        archive = tar(words=b"one two")
        (self.folder / "archive").write_bytes(archive)
        asked = 'test "$*" = "pack --silent --ignore-scripts --pack-destination $5 words@1.0"'
        copy = f'{asked} && cp {self.folder}/archive "$5"/words-1.0.tgz'
        with self.npm(copy):
            self.assertEqual(pinned("npm", archive).read("package/words", self.packages, 7), b"one two")
        with self.npm(copy), self.refused("is pinned to"):
            pinned("npm", tar(words=b"another")).archive(self.folder / "others")
        self.assertEqual(list((self.folder / "others").iterdir()), [])

    def test_what_npm_says_is_passed_on(self):
        with self.npm("echo no such package >&2; exit 1"), self.refused("could not be downloaded:\nno such package"):
            pinned("npm", tar()).archive(self.packages)
        with self.npm("exit 0"), self.refused("one .tgz file was expected, and 0 came"):
            pinned("npm", tar()).archive(self.packages)

    def test_npm_may_be_missing(self):
        with mock.patch.dict(os.environ, {"PATH": str(self.folder)}), self.refused("`npm` is needed"):
            pinned("npm", tar()).archive(self.packages)


class Members(unittest.TestCase):
    def test_what_is_larger_than_expected_is_refused(self):
        for archive, name in [(wheel(bytes(8)), "words/words.txt"), (tar(words=bytes(8)), "package/words")]:
            self.assertEqual(member_of(archive, name, 8), bytes(8))
            with self.assertRaisesRegex(Refused, "has 8 bytes unpacked, and at most 7"):
                member_of(archive, name, 7)

    def test_what_is_not_there_is_refused(self):
        for archive in (wheel(), tar(words=b"")):
            with self.assertRaisesRegex(Refused, "no file words/others.txt"):
                member_of(archive, "words/others.txt", 8)

    def test_a_tar_is_not_unpacked_without_end(self):
        archive = tar(first=bytes(5), second=bytes(5), words=b"one two")
        for most, what in [(10, contextlib.nullcontext()), (9, self.assertRaisesRegex(Refused, "before package/words has 10 bytes"))]:
            with mock.patch.object(package, "MOST_OF_TAR", most), what:
                self.assertEqual(member_of(archive, "package/words", 7), b"one two")


if __name__ == "__main__":
    unittest.main()

"""An environment of its own for a package that is installed from outside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


class Environment:
    """A virtual environment that also sees the packages of the running one, so that nothing is downloaded.

    Args:
        root: an empty folder.
        checkout: whether the toolkit is that of the checkout; otherwise it has to be installed.
    """

    def __init__(self, root: Path, checkout: bool = True) -> None:
        venv.create(root / "venv", with_pip=False, symlinks=os.name != "nt")
        places = {"base": str(root / "venv"), "platbase": str(root / "venv")}
        folders = sysconfig.get_paths("nt" if os.name == "nt" else "posix_prefix", vars=places)
        self.python = Path(folders["scripts"]) / Path(sys.executable).name
        self.work = root / "work"
        self.work.mkdir()
        here = sysconfig.get_paths()
        seen = dict.fromkeys([*([str(CHECKOUT)] if checkout else []), here["purelib"], here["platlib"]])
        (Path(folders["purelib"]) / "surroundings.pth").write_text("\n".join(seen) + "\n")

    def run(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run the environment's Python in its work folder; fails where the exit code is another."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "TOOLKIT", "PIP"))}
        clean["OMP_NUM_THREADS"] = "1"
        done = subprocess.run(
            [str(self.python), *arguments], cwd=self.work, env=clean, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{arguments} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def toolkit(self, *arguments: str) -> Any:
        """Run a command with --json."""
        return json.loads(self.run("-m", "toolkit", *arguments, "--json").stdout)

    def install(self, package: Path) -> None:
        """Install a package's folder with pip, without asking an index. A copy is built: the folder stays as it is."""
        for module, words in (("pip", "pip"), ("hatchling", "the build tool hatchling (extra 'dev')")):
            pytest.importorskip(module, reason=f"{words} is not installed in this environment")
        source = self.work.parent / "source" / package.name
        shutil.copytree(package, source, ignore=shutil.ignore_patterns("__pycache__", "dist", "build"))
        self.install_file(source)

    def install_file(self, package: Path) -> None:
        """Install a wheel, or what a folder builds, even where the surroundings have it already."""
        options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
        self.run("-m", "pip", "install", *options, "--ignore-installed", str(package))

    def passes_tests(self, tests: Path) -> str:
        """Run a package's tests in a copy; gives what pytest printed."""
        copy = self.work / "tests"
        shutil.copytree(tests, copy, ignore=shutil.ignore_patterns("__pycache__"))
        return self.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(copy), str(copy)).stdout

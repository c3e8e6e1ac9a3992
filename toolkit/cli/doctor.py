"""`toolkit doctor`: what is here, what is missing, and whether training works."""

from __future__ import annotations

import re
import time
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

import click

import toolkit
from toolkit.cli.main import print_json
from toolkit.errors import DISTRIBUTION, ToolkitError
from toolkit.registry import REGISTRY

SELF_TEST = {
    "task": "image",
    "data": {"name": "digits", "resolution": 8},
    "generator": {"name": "dcgan", "width": 8, "latent": 8, "norm": "none"},
    "discriminator": {"name": "dcgan", "width": 8, "norm": "none"},
    "loss": "relativistic",
    "penalties": ["r1", "r2"],
    "trainer": {"steps": 20, "batch_size": 16, "samples_every": None},
    "report": {"trackers": [], "samples": 4},
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--no-test", is_flag=True, help="Leave the self-test out.")
def doctor(as_json: bool, no_test: bool) -> None:
    """What is installed, what is missing, which device; and a short training run as a self-test."""
    found = _examine()
    if not no_test:
        found["self_test"] = _self_test()
    if as_json:
        print_json(found)
    else:
        _print(found)
    if not no_test and not found["self_test"]["passed"]:
        raise SystemExit(1)


def _examine() -> dict[str, Any]:
    from toolkit.engine.device import choose_device, choose_precision, describe_machine

    device = choose_device("auto")
    return {
        "toolkit": toolkit.__version__,
        "machine": describe_machine(device),
        "precision": choose_precision("auto", device).name,
        "extras": _extras(),
        "plugins": {f"{part.kind}/{part.name}": part.origin for part in REGISTRY.parts() if part.origin != "built-in"},
        "broken": {f"{part.kind}/{part.name}": reason for part in REGISTRY.parts() if (reason := part.broken())},
    }


def _extras() -> dict[str, dict[str, str | None]]:
    """Per extra, its packages with their versions, `None` where absent; read from the installed metadata."""
    extras: dict[str, dict[str, str | None]] = {}
    for line in requires(DISTRIBUTION) or []:
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", line)
        name = re.match(r"[A-Za-z0-9_.-]+", line)
        if extra is None or name is None or extra[1] == "all":
            continue
        extras.setdefault(extra[1], {})[name[0]] = _version(name[0])
    return extras


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _self_test() -> dict[str, Any]:
    import tempfile
    from pathlib import Path

    from toolkit.runs import load, train

    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        try:
            result = train(SELF_TEST, Path(folder) / "run", quiet=True)
            pictures = load(result.path).generate(4)
        except Exception as error:  # whatever goes wrong on this machine is what the doctor is asked about
            reason = str(error) if isinstance(error, ToolkitError) else f"{type(error).__name__}: {error}"
            return {"passed": False, "reason": reason, "seconds": round(time.perf_counter() - started, 2)}
    seconds = round(time.perf_counter() - started, 2)
    return {"passed": pictures.pixels.shape == (4, 8, 8, 1), "reason": "", "seconds": seconds}


def _print(found: dict[str, Any]) -> None:
    machine = found["machine"]
    click.echo(f"adversarial-toolkit {found['toolkit']}, torch {machine['torch']}")
    click.echo(f"device      {machine['device']} ({machine['device_name']}), precision {found['precision']}")
    click.echo(f"processor   {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB")
    click.echo(f"threads     {machine['threads']}, waiting policy {machine['waiting_policy']}")
    click.echo("extras:")
    for extra, packages in found["extras"].items():
        missing = [name for name, present in packages.items() if present is None]
        if missing:
            click.echo(f"  {extra:12} missing {', '.join(missing)}:  pip install '{DISTRIBUTION}[{extra}]'")
        else:
            click.echo(f"  {extra:12} installed")
    for name, origin in found["plugins"].items():
        reason = found["broken"].get(name)
        click.echo(f"plugin      {name} from {origin}" + (f"  BROKEN: {reason}" if reason else ""))
    if "self_test" in found:
        test = found["self_test"]
        words = "passed" if test["passed"] else f"FAILED: {test['reason']}"
        click.echo(f"self-test   {words} in {test['seconds']} s (20 training steps, then 4 pictures)")

"""`toolkit new`: a package of parts, or a recipe, that works before anything is changed in it."""

from __future__ import annotations

import keyword
import re
import shutil
from pathlib import Path
from string import Template

import click

from toolkit.errors import ToolkitError, nearest

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
_ENDING = ".tmpl"
_PACKAGE = "package"
"""The folder of a template that gets the name of the module."""

_RUN = '''"""Train, evaluate: through the library's public calls. Usage: python run.py [RUN_FOLDER]"""

import sys
from pathlib import Path

import toolkit


def main(out: str = "runs/$name") -> None:
    here = Path(__file__).parent
    toolkit.prepare(here)
    run = toolkit.train(here, out=out)
    print(toolkit.evaluate(run.path)["metrics"])


if __name__ == "__main__":
    main(*sys.argv[1:])
'''

_README = """# $name

What is made, of which data (source, licence), and for whom.

    toolkit train $folder --out runs/$name
    toolkit evaluate runs/$name --json

Begun from the packaged recipe `$like`.

## Results

Write here what came out: the command, the machine, the time, the seeds.
"""


@click.group()
def new() -> None:
    """Begin a plugin package or a recipe of your own."""


@new.command()
@click.argument("name")
@click.option("--out", type=click.Path(), help="Folder to make; NAME by default.")
def plugin(name: str, out: str | None) -> None:
    """Make an installable package NAME with a generator, a loss, a recipe and tests.

    NAME is that of the distribution, e.g. my-parts; the module is then called my_parts.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise ToolkitError(
            f"'{name}' is no name for a package", "take small letters, digits and single hyphens, e.g. my-parts"
        )
    module = name.replace("-", "_")
    folder = Path(out or name)
    values = {"name": name.replace("_", "-"), "module": module, "part": module}
    root = TEMPLATES / "plugin"
    texts = {
        Path(*(module if step == _PACKAGE else step for step in file.relative_to(root).with_suffix("").parts)): (
            Template(file.read_text(encoding="utf-8")).substitute(values)
        )
        for file in sorted(root.rglob(f"*{_ENDING}"))
    }
    _write(folder, texts)
    click.echo(f"{folder}/ holds the package {values['name']}: parts {module}_mlp and {module}_tempered. Next:")
    click.echo(f"  pip install -e '{folder}[test]' && pytest {folder}")
    click.echo(f"  toolkit train {folder}/recipe.yaml --out runs/{module}")


@new.command()
@click.argument("name")
@click.option("--like", default="image/digits", show_default=True, help="Packaged recipe to begin from.")
@click.option("--out", type=click.Path(), help="Folder to make; NAME by default.")
def recipe(name: str, like: str, out: str | None) -> None:
    """Make a recipe folder NAME: the recipe of --like with its comments, a script and a README.

    `toolkit list recipes` names what there is to begin from.
    """
    from toolkit.config import load_recipe
    from toolkit.config.documents import load_document, recipe_names

    if not re.fullmatch(r"[A-Za-z][\w-]*", Path(name).name):
        raise ToolkitError(f"'{name}' is no name for a recipe", "take letters, digits, _ and -")
    if like not in recipe_names():
        raise ToolkitError(f"there is no packaged recipe '{like}'; {nearest(like, recipe_names())}")
    _, file = load_document(like)
    folder, short = Path(out or name), Path(name).name
    text, count = re.subn(r"^name:.*$", f"name: {short}", file.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
    if not count:
        raise ToolkitError(f"{file} has no line 'name:'", "begin from another recipe")
    values = {"name": short, "like": like, "folder": str(folder)}
    texts = {"run.py": Template(_RUN).substitute(values), "README.md": Template(_README).substitute(values)}
    _write(folder, {Path("recipe.yaml"): text, **{Path(key): value for key, value in texts.items()}})
    load_recipe(folder)  # says at once if something is wrong with it
    click.echo(f"{folder}/ holds a recipe like {like}. Change it, then:")
    click.echo(f"  toolkit train {folder} --out runs/{short}")


def _write(folder: Path, texts: dict[Path, str]) -> None:
    """All files or none; nothing that exists is touched."""
    if folder.exists():
        raise ToolkitError(f"{folder} exists already", "choose another name, or a folder with --out")
    try:
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise

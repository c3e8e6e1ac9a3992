"""A real catalogue through a translator: what became of its placeholders, tags and plural forms.

    python benchmarks/po_round_trip.py MODEL CATALOGUE.po --out benchmarks/results/po_round_trip.json

CATALOGUE is any PO file, such as those in the wheels of Django, django-oscar or Sphinx (`pip download --no-deps`). All
of its messages are translated anew, whatever they are translated to. Then the written file is read by polib, not by the
code that wrote it, and every text is compared with its source: as it has to be, or marked fuzzy, or lost. The last are
what must not happen. Where gettext's own `msgfmt` is installed, it compiles the result with its checks.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import polib

import toolkit
from toolkit.engine.device import choose_device, describe_machine
from toolkit.translation.documents.checks import check
from toolkit.translation.documents.po_document import PoDocument
from toolkit.translation.documents.translating import translate_document
from toolkit.translation.placeholders import find


def judge(before: PoDocument, written: Path) -> dict[str, Any]:
    """Counts over all segments of a catalogue that was translated."""
    found: Counter[str] = Counter()
    entries = [entry for entry in polib.pofile(str(written)) if not entry.obsolete]
    lost = []
    for entry in entries:
        forms = entry.msgstr_plural or {0: entry.msgstr}
        found["messages"] += 1
        if entry.msgid_plural:
            found["messages with plural forms"] += 1
            found["plural forms wrong"] += sorted(forms) != list(range(before.rule.count))
        for index, text in forms.items():
            sources = [entry.msgid] if not entry.msgid_plural else [entry.msgid, entry.msgid_plural]
            found["texts"] += 1
            holds = bool(find(entry.msgid))
            found["texts with placeholders or tags"] += holds
            wrong = [check(source, text) for source in sources]
            if all(wrong):
                found["marked fuzzy"] += entry.fuzzy
                if not entry.fuzzy:
                    found["lost"] += 1
                    lost.append({"source": entry.msgid, "form": index, "text": text})
            else:
                found["as they must be"] += 1
                found["with placeholders or tags, as they must be"] += holds
    return {**found, "lost ones": lost[:10]}


def compiled(written: Path) -> bool | None:
    """Whether gettext accepts the file; `None` where it is not installed."""
    program = shutil.which("msgfmt")
    if program is None:
        return None
    return subprocess.run([program, "-c", "-o", "/dev/null", str(written)], check=False).returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--beam", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    pipeline = toolkit.load(options.model)
    document = PoDocument(options.catalogue, pipeline.languages[1])
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "out.po"
        started = time.perf_counter()
        report = translate_document(pipeline, document, written, options={"beam": options.beam}, again=True)
        seconds = time.perf_counter() - started
        counts = judge(document, written)
        result = {
            "model": options.model,
            "catalogue": options.catalogue.name,
            "machine": describe_machine(choose_device("cpu")),
            "path": pipeline.engine.name,
            "seconds": round(seconds, 1),
            "repaired": report.repaired,
            **counts,
            "msgfmt": compiled(written),
        }
    print(json.dumps(result, indent=1, ensure_ascii=False))
    if options.out:
        options.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

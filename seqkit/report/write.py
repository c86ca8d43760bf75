"""A report on disk."""

import os
from pathlib import Path

from seqkit.report.html import to_html
from seqkit.report.markdown import to_markdown
from seqkit.report.report import Report


def write_report(report: Report, folder: Path) -> dict[str, Path]:
    """Write `report.json`, `report.md` and `report.html`; return their paths under `json`, `md` and `html`.

    All three are rendered before the first is written, and each appears under its name only when it is complete.

    Raises:
        OSError: the folder cannot be made or written to; a report that stood there before still does.
    """
    texts = {"json": report.to_json(), "md": to_markdown(report), "html": to_html(report)}
    folder.mkdir(parents=True, exist_ok=True)
    paths = {kind: folder / f"report.{kind}" for kind in texts}
    parts = {kind: folder / f".report.{kind}.{os.getpid()}" for kind in texts}
    try:
        for kind, text in texts.items():
            with parts[kind].open("wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
        for kind, part in parts.items():
            part.replace(paths[kind])
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    return paths

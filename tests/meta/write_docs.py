"""Writes the generated documents and the generated parts of documents afresh: `python -m tests.meta.write_docs`."""

from __future__ import annotations

from tests.meta.documents import ROOT, WHOLE, WRITTEN, whole, with_parts

if __name__ == "__main__":
    for name in WHOLE:
        (ROOT / name).write_text(whole(name), encoding="utf-8", newline="\n")
    for name in WRITTEN:
        path = ROOT / name
        path.write_text(with_parts(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")

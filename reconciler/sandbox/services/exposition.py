"""The Prometheus text format, version 0.0.4, as a Pushgateway reads and shows it. Pure."""

from __future__ import annotations

import re

from reconciler.sandbox.services.memory import State

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\\n]|\\.)*)"\s*'
_SAMPLE = re.compile(rf"({_NAME})\s*(?:\{{((?:{_LABEL},)*(?:{_LABEL})?)\}})?\s+(\S+)(?:\s+(\S+))?\s*")
_META = re.compile(rf"#\s*(HELP|TYPE)\s+({_NAME})(?:\s+(.*))?")
_TYPES = ("counter", "gauge", "histogram", "summary", "untyped")
_SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


class FormatError(ValueError):
    """A body that is not in the format, with the line and what is wrong there."""


class StampedError(FormatError):
    """A body that can be read, but has times in it."""


def parse(text: str) -> dict[str, State]:
    """Families by name: `type`, `help`, and `samples` of `name`, `labels`, `value`. Raises FormatError."""
    if text and not text.endswith("\n"):
        raise FormatError("text format parsing error: unexpected end of input stream")
    families: dict[str, State] = {}
    for count, line in enumerate(text.split("\n"), 1):
        if line.startswith("#"):
            _describe(families, line, count)
        elif line.strip():
            _add_sample(families, line, count)
    return {name: family for name, family in families.items() if family["samples"]}


def text_of(families: dict[str, list[State]]) -> str:
    """Families (several of one name, from several groups) as text; the first one's type and help count."""
    lines = []
    for name, members in sorted(families.items()):
        lines += [f"# HELP {name} {members[0]['help']}", f"# TYPE {name} {members[0]['type']}"]
        for sample in (s for member in members for s in member["samples"]):
            labels = ",".join(f'{k}="{_escaped(v)}"' for k, v in sorted(sample["labels"].items()))
            lines.append(
                f"{sample['name']}{{{labels}}} {sample['value']}" if labels else f"{sample['name']} {sample['value']}"
            )
    return "".join(f"{line}\n" for line in lines)


# ---------------------------------------------------------------------------------------------------------------------


def _error(count: int, text: str) -> FormatError:
    return FormatError(f"text format parsing error in line {count}: {text}")


def _describe(families: dict[str, State], line: str, count: int) -> None:
    match = _META.fullmatch(line)
    if not match:
        return
    word, name, rest = match.groups()
    family = families.setdefault(name, {"type": "untyped", "help": "", "samples": []})
    if word == "HELP":
        family["help"] = rest or ""
    elif family["samples"]:
        raise _error(count, f'second TYPE line for metric name "{name}", or TYPE reported after samples')
    elif rest not in _TYPES:
        raise _error(count, f'unknown metric type "{rest}"')
    else:
        family["type"] = rest


def _add_sample(families: dict[str, State], line: str, count: int) -> None:
    match = _SAMPLE.fullmatch(line.strip())
    if not match:
        raise _error(count, f"invalid metric line {line[:60]!r}")
    name, labels, value, stamp = match[1], match[2] or "", match[len(match.groups()) - 1], match[len(match.groups())]
    if stamp is not None:
        raise StampedError("pushed metrics must not have timestamps")
    try:
        float(value)
    except ValueError:
        raise _error(count, f"expected float as value, got {value!r}") from None
    pairs = {key: _unescaped(text) for key, text in re.findall(_LABEL, labels)}
    family = families.setdefault(_family_of(families, name), {"type": "untyped", "help": "", "samples": []})
    family["samples"].append({"name": name, "labels": pairs, "value": value})


def _family_of(families: dict[str, State], name: str) -> str:
    for base, family in families.items():
        if name in (base + suffix for suffix in _SUFFIXES.get(family["type"], ())):
            return base
    return name


def _unescaped(text: str) -> str:
    return re.sub(r"\\[\\\"n]", lambda match: _ESCAPES[match[0]], text)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

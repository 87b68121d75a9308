"""Reading: definitions out of YAML in the shape of the Open Semantic Interchange, each part with the line it stands on."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from caravan.kernel.errors import Invalid

FILE_BYTES_MAX = 2**20
_VENDORS = ("COMMON", "CARAVAN")


class Fault(NamedTuple):
    """What is wrong with a definition: where it stands, what is so, and what to do about it."""

    file: str
    line: int
    what: str
    cure: str

    def __str__(self) -> str:
        """Tell it in one line."""
        return f"{self.file}:{self.line}: {self.what} {self.cure}"


class WrongDefinitions(Invalid):
    """A file that defines numbers is wrong; each fault is named with its line and its cure."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults), faults=[fault._asdict() for fault in faults])
        self.faults = list(faults)


class Part(NamedTuple):
    """A mapping of a file: its values, and the line of each."""

    file: str
    line: int
    values: Mapping[str, Any]
    lines: Mapping[str, int]

    def line_of(self, name: str) -> int:
        """Give the line of a value; that of the whole where there is none."""
        return self.lines.get(name, self.line)

    def fault(self, name: str, what: str, cure: str) -> Fault:
        """Make a fault at a value."""
        return Fault(self.file, self.line_of(name), what, cure)

    def text(self, name: str, default: str = "") -> str:
        """Give a text; refuse what is none."""
        value = self.values.get(name, default)
        if not isinstance(value, str):
            raise WrongDefinitions([self.fault(name, f"{name} is no text.", f"Write {name}: some words.")])
        return value

    def needed(self, name: str) -> str:
        """Give a text that has to be there."""
        value = self.text(name)
        if not value:
            raise WrongDefinitions([self.fault(name, f"There is no {name}.", f"Add {name}: … here.")])
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Give a list of texts."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise WrongDefinitions([self.fault(name, f"{name} is no list of names.", f"Write {name}: [one, two].")])
        return tuple(value)

    def parts(self, name: str) -> list["Part"]:
        """Give a list of mappings."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, Part) for one in value):
            raise WrongDefinitions([self.fault(name, f"{name} is no list.", f"Write each of {name} behind a dash.")])
        return value

    def part(self, name: str) -> "Part":
        """Give a mapping; an empty one where there is none."""
        value = self.values.get(name, Part(self.file, self.line_of(name), {}, {}))
        if not isinstance(value, Part):
            raise WrongDefinitions([self.fault(name, f"{name} is no mapping.", f"Write name: value under {name}.")])
        return value

    def expression(self) -> tuple[str, int]:
        """Give the expression in ANSI SQL, and its line."""
        told = self.part("expression")
        for one in told.parts("dialects"):
            if one.text("dialect") == "ANSI_SQL":
                return one.needed("expression"), one.line_of("expression")
        cure = "Add expression: {dialects: [{dialect: ANSI_SQL, expression: …}]}."
        raise WrongDefinitions([self.fault("expression", "There is no expression in ANSI_SQL.", cure)])

    def extension(self) -> "Part":
        """Give what OSI has no place for: the JSON of the custom extension, its values on the extension's own line."""
        for one in self.parts("custom_extensions"):
            if one.text("vendor_name") in _VENDORS:
                return one.part("data") if isinstance(one.values.get("data"), Part) else _json(one)
        return Part(self.file, self.line, {}, {})


def read_yaml(text: str, file: str) -> Part:
    """Read a file. Raises WrongDefinitions where it is no YAML, or none that a person would write."""
    if len(text.encode()) > FILE_BYTES_MAX:
        raise WrongDefinitions([Fault(file, 1, "This file is too long.", f"Use at most {FILE_BYTES_MAX} bytes.")])
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise WrongDefinitions([Fault(file, 1, "This file uses *aliases.", "Write each part out.")])
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise WrongDefinitions(
            [Fault(file, line, f"This is no YAML: {error.problem}.", "Look at the indentation.")]
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise WrongDefinitions(
            [Fault(file, 1, f"This is no YAML: {str(error)[:80]}.", "Save it as UTF-8 text.")]
        ) from None
    found = _value(node, file) if node is not None else None
    if not isinstance(found, Part):
        raise WrongDefinitions([Fault(file, 1, "This file defines nothing.", "Begin with semantic_model:.")])
    return found


def _value(node: Any, file: str) -> Any:  # noqa: ANN401 - Whatever YAML holds.
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        pairs = [(str(key.value), value) for key, value in node.value]
        _require_once(pairs, file)
        return Part(
            file, line, {name: _value(value, file) for name, value in pairs},
            {name: value.start_mark.line + 1 for name, value in pairs},
        )  # fmt: skip
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, file) for one in node.value]
    return yaml.SafeLoader("").construct_object(node)


def _require_once(pairs: Sequence[tuple[str, Any]], file: str) -> None:
    seen: set[str] = set()
    for name, value in pairs:
        if name in seen:
            line = value.start_mark.line + 1
            raise WrongDefinitions([Fault(file, line, f"{name} stands here a second time.", "Keep one of them.")])
        seen.add(name)


def _json(extension: Part) -> Part:
    line = extension.line_of("data")
    try:
        told = json.loads(extension.text("data", "{}"))
    except ValueError:
        told = None
    if not isinstance(told, dict):
        fault = extension.fault("data", "data is no JSON object.", """Write data: '{"domain": "trade"}'.""")
        raise WrongDefinitions([fault])
    return Part(extension.file, line, {name: _nested(value, extension.file, line) for name, value in told.items()}, {})


def _nested(value: Any, file: str, line: int) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return Part(file, line, {name: _nested(one, file, line) for name, one in value.items()}, {})
    return value


def models_in(part: Part) -> Iterator[Part]:
    """Give the semantic models of a file."""
    yield from part.parts("semantic_model")

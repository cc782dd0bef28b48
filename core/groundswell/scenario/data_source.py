"""`data`: rows of files, by the names that templates call them by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal, cast

from groundswell.rows.layout import BadData, Layout
from groundswell.scenario.expressions import BUILTIN_NAMES, ENV, SECRET
from groundswell.scenario.file_path import FILE
from groundswell.scenario.record import Fields, Key, Record
from groundswell.scenario.scalars import TEXT, choice
from groundswell.scenario.shape import MapOf, Refusal

if TYPE_CHECKING:
    from groundswell.rows.layout import RowFormat
    from groundswell.rows.table import Table

Pick = Literal["unique", "sequential", "random", "per-vu"]
OnEnd = Literal["stop", "recycle"]

_FORMATS: dict[str, RowFormat] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """`file` is its path from the test's folder. `columns` and `rows`, the header not counted, are None
    where the file was not looked at, or not to its end.

    unique       each row goes to at most one iteration of the run
    sequential   the next row, from the first one again after the last
    random       any row, drawn by the VU
    per-vu       a VU has one row for its whole life
    """

    file: str
    layout: Layout
    pick: Pick = "sequential"
    on_end: OnEnd = "recycle"
    columns: tuple[str, ...] | None = None
    rows: int | None = None

    @property
    def fields(self) -> frozenset[str] | None:
        """What templates may name; None where that is not known."""
        return None if self.columns is None else frozenset(self.columns)

    @property
    def in_turn(self) -> bool:
        """Whether an iteration takes the next row that nobody had yet, and not just any."""
        return self.pick in ("unique", "sequential")

    @property
    def ends(self) -> bool:
        """Whether its rows may be all gone one day."""
        return self.on_end == "stop"


def _build(fields: Fields) -> DataSource | None:
    layout = _layout(fields)
    on_end = _on_end(fields)
    if layout is None or not fields.complete:
        return None
    file: str = fields.values["file"]
    table = _table(fields, file, layout)
    if not fields.complete:
        return None
    return DataSource(
        file=file,
        layout=layout,
        pick=fields.values.get("pick", "sequential"),
        on_end=on_end,
        columns=None if table is None else table.columns,
        rows=None if table is None else table.rows,
    )


def _layout(fields: Fields) -> Layout | None:
    """By the file's name, where it is not said."""
    ending = PurePosixPath(fields.values.get("file", "")).suffix.lower()
    kind: RowFormat | None = fields.values.get("format") or _FORMATS.get(ending)
    if kind is None:
        if "file" in fields.values and not fields.given("format"):
            hint = "one of csv, json, jsonl"
            fields.refuse("file", "`format` is missing: the file's name does not tell it", hint)
        return None
    delimiter = fields.values.get("delimiter")
    if delimiter is not None and kind != "csv":
        fields.refuse("delimiter", f"`delimiter` is for CSV, and this is {kind}")
    elif delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n' or delimiter > "~"):
        fields.refuse("delimiter", "`delimiter` is one character", r'such as ";" or "\t"')
    return Layout(kind, delimiter or ("\t" if ending == ".tsv" else ","))


def _on_end(fields: Fields) -> OnEnd:
    pick, on_end = fields.values.get("pick"), fields.values.get("on_end")
    if pick == "unique":
        if on_end == "recycle":
            message = "a `unique` row is never given twice, so it cannot `recycle`"
            fields.refuse("on_end", message, "pick: sequential begins again at the end")
        return "stop"
    if pick in ("random", "per-vu") and on_end == "stop":
        fields.refuse("on_end", f"`pick: {pick}` has no end to stop at", "leave `on_end` away")
    return cast("OnEnd", on_end or "recycle")


def _table(fields: Fields, file: str, layout: Layout) -> Table | None:
    files = fields.problems.files
    place = files.find(file)
    if place is None:
        return None
    # Most tests have no data, and begin the sooner.
    from groundswell.rows.table import head, inspect

    try:
        return head(place, layout) if files.are_checked else inspect(place, layout)
    except BadData as bad:
        where = f", line {bad.line}" if bad.line else ""
        fields.refuse("file", f"the file {file}{where}: {bad.message}", bad.hint)
    except OSError as error:
        fields.refuse("file", f"the file {file} cannot be read: {error.strerror or error}")
    return None


DATA_SOURCE: Record[DataSource] = Record(
    "a data source",
    {
        "file": Key(FILE, "The file, seen from this one.", required=True),
        "format": Key(
            choice("csv", "json", "jsonl"), "How its rows are written. Default: as its name ends."
        ),
        "delimiter": Key(TEXT, "Of CSV, what stands between two values. Default: a comma."),
        "pick": Key(
            choice("unique", "sequential", "random", "per-vu"),
            "Which row an iteration gets.",
            default="sequential",
        ),
        "on_end": Key(
            choice("stop", "recycle"),
            "After the last row: stop the scenario, or begin again. Default: of unique rows stop, "
            "else recycle.",
        ),
    },
    _build,
)


def _refuse_name(name: str) -> Refusal | None:
    if name in (*BUILTIN_NAMES, ENV, SECRET):
        return Refusal(f"`{name}` has a meaning of its own in templates", "call the data otherwise")
    if not _NAME.fullmatch(name):
        hint = "letters, digits and _, so that templates can name it"
        return Refusal(f"`{name}` cannot be the name of a data source", hint)
    return None


DATA = MapOf(
    DATA_SOURCE,
    "{users: {file: users.csv, pick: unique}}",
    _refuse_name,
    {"pattern": f"^{_NAME.pattern}$"},
)

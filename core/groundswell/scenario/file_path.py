"""The shape of a value that names a file beside the test: it travels to the agents with the test.

    "multipart": Key(…), "file": Key(FILE, "A file whose content is sent.")

What is read is its path from the test's folder, whichever file of steps names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.files.places import NoSuchFile
from groundswell.files.stamp import MOST_FILES
from groundswell.scenario.nodes import Node, Scalar
from groundswell.scenario.scalars import WORD
from groundswell.scenario.shape import Json, Shape

if TYPE_CHECKING:
    from groundswell.scenario.problems import Problems


class FilePath(Shape[str]):
    """A path, relative to the file that it stands in. The file is looked at where it can be."""

    def read(self, node: Node, label: str, problems: Problems) -> str | None:
        written = WORD.read(node, label, problems)
        if written is None:
            return None
        assert isinstance(node, Scalar)
        files = problems.files
        path = files.name(written, node.line)
        try:
            files.find(path)
        except NoSuchFile as reason:
            problems.add(node, f"the file {node.shown}: {reason.message}", reason.hint)
            return None
        if len(files.paths) > MOST_FILES:
            problems.add(node, f"the test names more than {MOST_FILES} files")
            return None
        return path

    def schema(self, definitions: Json) -> Json:
        return WORD.schema(definitions)


FILE = FilePath()

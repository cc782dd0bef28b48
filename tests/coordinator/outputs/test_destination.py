from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from groundswell.errors import InvalidConfiguration
from groundswell_coordinator.outputs.destination import KINDS, parse_destination
from groundswell_coordinator.outputs.outputs import parse_outputs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there are prometheus=URL, otlp=URL, jsonl=FILE"),
        ("prometeus=http://x", "did you mean prometheus"),
        ("prometheus", "write prometheus=URL"),
        ("jsonl=", "write jsonl=FILE"),
        ("prometheus=x", "not a URL of http or https"),
        ("prometheus=ftp://u:s3cret@x", "not a URL of http or https"),
        ("otlp=http://", "not a URL of http or https"),
        ("otlp=http://u:s3cret@x:99999/", "not a URL of http or https"),
        ("otlp=http://[::1", "not a URL of http or https"),
    ],
)
def test_what_is_no_destination_is_refused_with_a_way_out(text: str, said: str) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        parse_destination(text)
    assert said in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_every_kind_has_a_module_that_opens_one(tmp_path: Path) -> None:
    for kind, one in KINDS.items():
        place = tmp_path / "x" if one.is_file else "http://127.0.0.1:1"
        assert parse_destination(f"{kind}={place}").text == f"{kind}={place}"


def test_a_coordinator_writes_no_files_for_its_clients_and_sends_nothing_twice() -> None:
    assert len(parse_outputs(["jsonl=x", "otlp=http://x"], may_write_files=True)) == 2
    for texts in (["jsonl=x"], ["otlp=http://x"] * 2, [f"otlp=http://x/{n}" for n in range(9)]):
        with pytest.raises(InvalidConfiguration):
            parse_outputs(texts, may_write_files=False)

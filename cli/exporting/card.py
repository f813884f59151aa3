"""The dataset card: front matter that the Hub and `datasets` read, and a text for people."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from trajhouse.cli.exporting.manifest import Document
from trajhouse.cli.exporting.splits import RULE

CONFIG_NAME = "default"
LOADING = """```python
from datasets import load_dataset

dataset = load_dataset("path/to/this/folder")
```"""


def data_files(splits: Sequence[str]) -> list[dict[str, str]]:
    """Where each split's shards are, as the card's `configs` say it."""
    return [{"split": name, "path": f"data/{name}-*"} for name in splits]


def render_card(manifest: Document, schema: Any, descriptions: dict[str, str], about: str) -> str:
    """The card of an export.

    Args:
        manifest: The manifest, without the card's own entry among `files`.
        schema: The Arrow schema of the files.
        descriptions: What each column means; a column may be missing.
        about: What the mart is.
    """
    return f"---\n{_front_matter(manifest, schema)}\n---\n\n{_body(manifest, descriptions, about)}"


def _front_matter(manifest: Document, schema: Any) -> str:
    from datasets import DatasetInfo, Features, SplitDict, SplitInfo
    from datasets.info import DatasetInfosDict
    from datasets.utils.metadata import MetadataConfigs
    from huggingface_hub import DatasetCardData

    splits = manifest["splits"]
    info = DatasetInfo(
        features=Features.from_arrow_schema(schema),
        splits=SplitDict(
            {
                split["name"]: SplitInfo(
                    split["name"], num_bytes=split["row_bytes"], num_examples=split["rows"]
                )
                for split in splits
            }
        ),
        download_size=sum(file["bytes"] for file in manifest["files"]),
        dataset_size=sum(split["row_bytes"] for split in splits),
    )
    card = DatasetCardData(pretty_name=manifest["mart"])
    configs = {CONFIG_NAME: {"data_files": data_files([split["name"] for split in splits])}}
    MetadataConfigs(configs).to_dataset_card_data(card)
    DatasetInfosDict({CONFIG_NAME: info}).to_dataset_card_data(card)
    return str(card.to_yaml()).strip("\n")


def _body(manifest: Document, descriptions: dict[str, str], about: str) -> str:
    sections = [
        f"# {_inline(manifest['mart'])}",
        _inline(about),
        "## Rows",
        _table(
            ["split", "rows", "share of tasks", "files"],
            [
                [
                    split["name"],
                    f"{split['rows']:,}",
                    split["fraction"],
                    str(sum(file["split"] == split["name"] for file in manifest["files"])),
                ]
                for split in manifest["splits"]
            ],
        ),
        _selection(manifest),
        _tokens(manifest),
        _packs(manifest),
        "## Load",
        LOADING,
        "## Columns",
        _table(
            ["column", "type", "meaning"],
            [
                [_code(name), _code(kind), _inline(descriptions.get(name, ""))]
                for name, kind in manifest["schema"]["fields"]
            ],
        ),
        "## How it was made",
        _making(manifest),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _selection(manifest: Document) -> str:
    lines = []
    if manifest["where"] is not None:
        lines.append(f"Rows where {_code(manifest['where'])}.")
    if manifest["columns"] is not None:
        names = ", ".join(_code(name) for name in manifest["columns"])
        lines.append(f"Columns chosen: {names}.")
    if len(manifest["splits"]) > 1:
        lines.append(f"A task is in one split only: {RULE}.")
    return "\n".join(lines)


def _tokens(manifest: Document) -> str:
    tokens = manifest.get("tokens")
    if not tokens:
        return ""
    total, trained = tokens["total"], tokens["trained"]
    share = f"{trained / total:.1%}" if total else "none"
    names = ", ".join(_code(name) for name in tokens["tokenizers"])
    return (
        f"## Tokens\n\n{total:,} tokens, of which {trained:,} ({share}) are trained on."
        f"\nTokenizer: {names or 'none'}."
    )


def _packs(manifest: Document) -> str:
    packing = manifest.get("packing")
    if not packing:
        return ""
    lines = [
        f"A row is a pack of at most {packing['max_length']:,} tokens, made by {packing['method']}:"
        f" {packing['sequences']:,} sequences in {packing['packs']:,} packs, filled to"
        f" {percent(packing['fill_rate'])}, {packing['padding']:,} tokens short of full.",
        "A sequence is a whole row of the mart"
        + (
            f", or a piece of the {packing['cut_rows']:,} that are longer than a pack: those are"
            " cut behind a trained turn of the assistant, and their pieces are trained apart."
            if packing["cut_rows"]
            else "."
        ),
        "`position_ids` starts at 0 with each sequence, `seq_lengths` has their lengths, and no"
        " sequence's first token is trained on, so that no loss crosses from one to the next."
        " Train with attention that keeps sequences apart (`padding_free` in TRL), and do not pack"
        " again.",
    ]
    rows = [
        [
            name,
            f"{split['rows']:,}",
            f"{split['sequences']:,}",
            f"{split['packs']:,}",
            f"{split['tokens']:,}",
            percent(split["fill_rate"]),
        ]
        for name, split in packing["splits"].items()
    ]
    table = _table(["split", "rows of the mart", "sequences", "packs", "tokens", "fill"], rows)
    return "\n".join(["## Packs", "", *lines, "", table])


def percent(share: float) -> str:
    """A share of 1 with two decimals, cut and not rounded: 100 % is full."""
    hundredths = int(share * 10_000)
    return f"{hundredths // 100}.{hundredths % 100:02d} %"


def _making(manifest: Document) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())
    order = ", ".join(_code(key) for key in manifest["order"])
    lines = [
        f"Written by trajhouse from the mart {_code(manifest['mart'])}, ordered by {order}.",
        f"Versions: {versions}.",
        f"Content hash: `{manifest['content_hash']}`.",
        "`trajhouse verify DIR` checks every file against `manifest.json`.",
    ]
    text = "\n".join(lines)
    if not manifest["datasets"]:
        return text
    rows = [[_code(name), f"{count:,}"] for name, count in manifest["datasets"].items()]
    return f"{text}\n\n{_table(['source dataset', 'rows'], rows)}"


def _table(headers: list[str], rows: list[list[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _inline(text: str) -> str:
    """Text as one line of Markdown that holds no markup of its own."""
    return re.sub(r"([\\\[\]<>|])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    """Text as a code span that stays within a line and a table cell."""
    line = " ".join(text.split()).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{padding}{line or json.dumps(text)}{padding}{fence}"

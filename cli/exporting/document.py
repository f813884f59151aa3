"""Says what an export holds: its card and its manifest."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

import pyarrow as pa

from trajhouse.cli.exporting.card import render_card
from trajhouse.cli.exporting.manifest import (
    CARD_NAME,
    FORMAT,
    FORMAT_VERSION,
    Document,
    content_hash_of_splits,
    fingerprint,
    schema_fields,
    sha256_of_file,
    write_manifest,
)
from trajhouse.cli.exporting.plan import Plan
from trajhouse.cli.exporting.request import ExportRequest
from trajhouse.cli.exporting.shards import SplitRows
from trajhouse.cli.exporting.splits import RULE, as_text


def write_document(
    plan: Plan, request: ExportRequest, schema: pa.Schema, written: list[SplitRows], folder: Path
) -> Document:
    """Write the card and the manifest; return the manifest."""
    fields = schema_fields(schema)
    splits = [
        {
            "name": split.name,
            "fraction": as_text(asked.fraction),
            "rows": split.rows,
            "row_bytes": split.row_bytes,
            "content_hash": split.content_hash,
        }
        for split, asked in zip(written, request.splits, strict=True)
    ]
    document: Document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "mart": plan.relation.name,
        "where": request.where,
        "columns": list(plan.columns) if request.columns is not None else None,
        "order": list(plan.order),
        "packing": _packing(plan, request),
        "split_rule": RULE if request.is_split else None,
        "max_shard_bytes": request.max_shard_bytes,
        "rows": sum(split.rows for split in written),
        "content_hash": content_hash_of_splits(splits),
        "splits": splits,
        "files": [
            {
                "path": shard.path,
                "split": shard.split,
                "rows": shard.rows,
                "row_bytes": shard.row_bytes,
                "bytes": (folder / shard.path).stat().st_size,
                "sha256": sha256_of_file(folder / shard.path),
            }
            for split in written
            for shard in split.shards
        ],
        "schema": {"fingerprint": fingerprint(fields), "fields": fields},
        "datasets": dict(plan.counts.datasets),
        "tokens": _tokens(plan),
        "versions": {
            name: importlib.metadata.version(name) for name in ("trajhouse", "duckdb", "pyarrow")
        },
    }
    relation = plan.relation
    descriptions = dict(relation.comments)
    if plan.packing is not None:
        descriptions |= plan.packing.descriptions
    text = render_card(document, schema, descriptions, relation.description)
    card = folder / CARD_NAME
    card.write_text(text, encoding="utf-8")
    document["card"] = {
        "path": CARD_NAME,
        "bytes": card.stat().st_size,
        "sha256": sha256_of_file(card),
    }
    write_manifest(folder, document)
    return document


def _tokens(plan: Plan) -> dict[str, Any] | None:
    counts = plan.counts
    if counts.tokens is None:
        return None
    return {
        "total": counts.tokens,
        "trained": counts.trained_tokens,
        "tokenizers": list(counts.tokenizers),
    }


def _packing(plan: Plan, request: ExportRequest) -> dict[str, Any] | None:
    if plan.packing is None:
        return None
    over_length = "split" if request.cuts_long_rows else "refuse"
    return {**plan.packing.packs.as_dict(), "over_length": over_length}

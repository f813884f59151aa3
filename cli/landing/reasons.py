"""Reason codes that ingest gives, for records and for whole files, each with its meaning."""

from __future__ import annotations

from typing import Final

RECORD_REASONS: Final[dict[str, str]] = {
    "truncated_json": "The text ends before the JSON value does.",
    "invalid_utf8": "The bytes are not UTF-8.",
    "lone_surrogate": "An escaped surrogate has no partner, so it is no character.",
    "control_char": "A raw control character stands where JSON allows none.",
    "duplicate_key": "An object has the same key twice, or two that differ only in case.",
    "trailing_data": "Something follows the JSON value.",
    "not_object": "The value is not a JSON object.",
    "invalid_json": "The text breaks the JSON grammar.",
    "nonfinite_number": "A number is NaN, infinite, or larger than a double holds.",
    "type_mismatch": "A field the family declares holds a value of another type.",
    "too_deep": "Objects and lists are nested more than 200 deep.",
    "too_large": "The record is larger than 64 MiB.",
}

FILE_REASONS: Final[dict[str, str]] = {
    "encoding": "The text is UTF-16 or UTF-32, not UTF-8.",
    "corrupt": "The file is cut or damaged: a checksum, a frame or a page does not hold.",
    "not_compressed": "The name says gzip or zstd, the content does not.",
    "nested_container": "A Parquet file inside gzip or zstd.",
    "ratio": "The content is far larger than the compressed file: a decompression bomb.",
    "changed_during_read": "The file was written to while it was read.",
    "column_missing": "The Parquet file lacks the column of a field that must be there.",
    "column_type": "A Parquet column has a type that its field cannot take.",
    "column_duplicate": "Two Parquet columns have names that differ only in case, or not at all.",
    "unreadable": "The file cannot be opened.",
    "special_file": "A pipe, socket or device, which is never read.",
    "symlink": "A link out of the named folder, or to a folder, which is never followed.",
}

FLAGS: Final[dict[str, str]] = {
    "nul_char": "NUL escapes in the text were replaced by U+FFFD.",
}

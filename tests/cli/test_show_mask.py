"""`trajhouse show ID --mask`, with a small tokenizer of bytes made here."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import duckdb
import numpy as np
import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from trajhouse.cli.querying.mask_text import masked_text
from trajhouse.cli.querying.masks import MaskedTokens, Span, spans_of
from trajhouse.udfs.tokenizer import load_tokenizer

from .conftest import Run, trajhouse_command

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
)
UNTRAINED = "<|im_start|>user\nHi é\x1b[1m<|im_end|>\n<|im_start|>assistant\n"
TRAINED = "Yo<|im_end|>\n"


@pytest.fixture(scope="module")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte tokenizer with two control tokens and a chat template."""
    folder = tmp_path_factory.mktemp("tokenizer")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t) for t in ("<|im_start|>", "<|im_end|>")])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder / "tokenizer.json"


@pytest.fixture
def tokenized(warehouse: Path, tokenizer_file: Path) -> Path:
    """The warehouse with one tokenized trajectory."""
    loaded = load_tokenizer(str(tokenizer_file))
    prompt = loaded.backend.encode(UNTRAINED, add_special_tokens=False).ids
    answer = loaded.backend.encode(TRAINED, add_special_tokens=False).ids
    ids, mask = prompt + answer, [0] * len(prompt) + [1] * len(answer)
    row = ["airline/a-1", "airline/a-1", "airline", "task-1", ids, ids, mask, len(ids), len(answer)]
    with duckdb.connect(str(warehouse / "warehouse.duckdb")) as connection:
        connection.execute(
            "insert into marts.sft_tokenized values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [*row, loaded.fingerprint("{}")],
        )
    return warehouse


def test_trained_part_is_in_brackets(run: Run, tokenized: Path, tokenizer_file: Path) -> None:
    done = run(
        "show",
        "a-1",
        "--mask",
        warehouse=tokenized,
        env={"TRAJHOUSE_TOKENIZER": str(tokenizer_file)},
    )
    assert done.err == ""
    legend, _, text = done.text.partition("\n\n")
    # One token a byte, and one a control token.
    n_context = len("user\nHi é\x1b[1m\nassistant\n".encode()) + 3
    assert legend == (
        "⟦trained⟧  ⟦⟨control, trained⟩⟧  ⟨control⟩  context  ⟦line break, trained⏎⟧; "
        f"4 of {n_context + 4} tokens are trained"
    )
    assert text == (
        "⟨<|im_start|>⟩user\nHi é\\x1b[1m⟨<|im_end|>⟩\n⟨<|im_start|>⟩assistant\n⟦Yo⟨<|im_end|>⟩⏎⟧\n"
    )


def test_json_spans_cover_every_token(run: Run, tokenized: Path, tokenizer_file: Path) -> None:
    environment = {"TRAJHOUSE_TOKENIZER": str(tokenizer_file)}
    done = run("show", "a-1", "--mask", "--json", warehouse=tokenized, env=environment)
    page = json.loads(done.out)
    # One token a byte, and one a control token.
    assert page["n_trained_tokens"] == len("Yo") + 1 + len("\n")
    assert sum(span["n_tokens"] for span in page["spans"]) == page["n_tokens"]
    assert "".join(span["text"] for span in page["spans"]) == UNTRAINED + TRAINED
    trained = [span["text"] for span in page["spans"] if span["is_trained"]]
    assert trained == ["Yo", "<|im_end|>", "\n"]


def test_one_of_several_examples_is_found_by_its_own_id(
    run: Run, tokenized: Path, tokenizer_file: Path
) -> None:
    with duckdb.connect(str(tokenized / "warehouse.duckdb")) as connection:
        connection.execute(
            "insert into marts.sft_tokenized select * replace ('airline/a-1#2' as example_id)"
            " from marts.sft_tokenized where trajectory_id = 'airline/a-1'"
        )
        connection.execute(
            "update marts.sft_tokenized set example_id = 'airline/a-1#1', n_trained_tokens = 1"
            " where example_id not like '%#2'"
        )
    environment = {"TRAJHOUSE_TOKENIZER": str(tokenizer_file)}
    shown = run("show", "airline/a-1#2", "--mask", "--json", warehouse=tokenized, env=environment)
    page = json.loads(shown.out)
    assert (page["example_id"], page["trajectory_id"]) == ("airline/a-1#2", "airline/a-1")
    assert page["n_trained_tokens"] > 1
    several = run("show", "a-1", "--mask", warehouse=tokenized, env=environment)
    assert several.code == 1
    assert "has several examples" in several.err
    assert "airline/a-1#1, airline/a-1#2" in several.err


def test_another_template_shows_the_same(
    run: Run, tokenized: Path, tokenizer_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "template.jinja").write_text(TEMPLATE + " ")
    environment = {"TRAJHOUSE_TOKENIZER": str(tokenizer_file)}
    other = environment | {"TRAJHOUSE_CHAT_TEMPLATE": str(tmp_path / "template.jinja")}
    runs = [
        run("show", "a-1", "--mask", warehouse=tokenized, env=env) for env in (environment, other)
    ]
    assert [done.code for done in runs] == [0, 0]
    assert runs[0].out == runs[1].out


def test_another_vocabulary_is_an_error(
    run: Run, tokenized: Path, tokenizer_file: Path, tmp_path: Path
) -> None:
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.add_special_tokens([AddedToken("<|other|>")])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "chat_template.jinja").write_text(TEMPLATE)
    environment = {"TRAJHOUSE_TOKENIZER": str(tmp_path / "tokenizer.json")}
    done = run("show", "a-1", "--mask", warehouse=tokenized, env=environment)
    assert done.code == 3
    assert len(done.err.splitlines()) == 3
    assert "did not make these tokens" in done.err


GREEN, STOP, MAGENTA, PLAIN = "\x1b[32m", "\x1b[1;7;32m", "\x1b[35m", "\x1b[0m"


def on_a_terminal(root: Path, environment: dict[str, str]) -> str:
    """What `show a-1 --mask` writes to a terminal."""
    terminal, end = pty.openpty()
    unset = ("NO_COLOR", "TRAJHOUSE_TOKENIZER")
    inherited = {key: value for key, value in os.environ.items() if key not in unset}
    with subprocess.Popen(
        [trajhouse_command(), "--warehouse", str(root), "show", "a-1", "--mask"],
        stdin=subprocess.DEVNULL,
        stdout=end,
        env=inherited | {"TERM": "xterm"} | environment,
    ) as process:
        os.close(end)
        written = b""
        try:
            while part := os.read(terminal, 65_536):
                written += part
        except OSError:  # the other end was closed
            os.close(terminal)
    assert process.returncode == 0
    return written.decode().replace("\r\n", "\n")


def test_terminal_shows_four_kinds_in_colour(tokenized: Path, tokenizer_file: Path) -> None:
    shown = on_a_terminal(tokenized, {"TRAJHOUSE_TOKENIZER": str(tokenizer_file)})
    legend, _, text = shown.partition("\n\n")
    assert legend.startswith(
        f"{GREEN}trained{PLAIN}  {STOP}control, trained{PLAIN}  {MAGENTA}control{PLAIN}  "
        f"context  {GREEN}line break, trained{PLAIN}{GREEN}⏎{PLAIN}; "
    )
    start, end = (f"{MAGENTA}{token}{PLAIN}" for token in ("<|im_start|>", "<|im_end|>"))
    assert text == (
        f"{start}user\nHi é\\x1b[1m{end}\n{start}assistant\n"
        f"{GREEN}Yo{PLAIN}{STOP}<|im_end|>{PLAIN}{GREEN}⏎{PLAIN}\n"
    )


@pytest.mark.parametrize("setting", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["asked", "dumb"])
def test_terminal_without_colour_shows_brackets(
    run: Run, tokenized: Path, tokenizer_file: Path, setting: dict[str, str]
) -> None:
    environment = {"TRAJHOUSE_TOKENIZER": str(tokenizer_file)}
    piped = run("show", "a-1", "--mask", warehouse=tokenized, env=environment)
    assert on_a_terminal(tokenized, environment | setting) == piped.text


def body(spans: list[Span], is_coloured: bool) -> str:
    return "".join(masked_text(spans, 1, 1, is_coloured)).partition("\n\n")[2]


def test_text_that_looks_like_a_mark_is_written_out() -> None:
    spans = [Span("if ⟦a⟧ ⟨b⟩ [[c]] ⏎", 0, 1, False, False)]
    assert body(spans, False) == "if \\u27e6a\\u27e7 \\u27e8b\\u27e9 [[c]] \\u23ce\n"
    assert body(spans, True) == "if ⟦a⟧ ⟨b⟩ [[c]] \\u23ce\n"


def test_each_coloured_line_is_coloured_by_itself() -> None:
    spans = [Span("a\n\nb\n\n", 0, 1, True, False), Span("c", 1, 1, False, False)]
    lines = f"{GREEN}a{PLAIN}\n\n{GREEN}b{PLAIN}\n{GREEN}⏎{PLAIN}\nc\n"
    assert body(spans, True) == lines
    assert body(spans, False) == "⟦a\n\nb\n⏎⟧\nc\n"


def test_a_mask_that_ends_inside_a_line_is_seen_to(tokenizer_file: Path) -> None:
    """One token too few: the stop token is control of the context, the line break no mark."""
    loaded = load_tokenizer(str(tokenizer_file))
    ids = loaded.backend.encode(TRAINED, add_special_tokens=False).ids
    tokens = MaskedTokens(ids, [1, 1, 0, 0], 2, "")
    assert body(list(spans_of(tokens, loaded)), False) == "⟦Yo⟧⟨<|im_end|>⟩\n"


def test_a_long_row_is_written_before_all_of_it_is_decoded() -> None:
    decoded = []

    def decode(ids: list[int], skip_special_tokens: bool) -> str:
        decoded.append(len(ids))
        return "x" * len(ids)

    is_control = np.array([True, False])
    tokenizer = SimpleNamespace(is_control=is_control, backend=SimpleNamespace(decode=decode))
    n_turns = 50_000
    ids, mask = [0, 1, 1, 1, 1, 1] * n_turns, [0, 0, 0, 1, 1, 1] * n_turns
    tokens = MaskedTokens(ids, mask, 3 * n_turns, "")
    pieces: Iterator[str] = masked_text(spans_of(tokens, tokenizer), len(ids), 3 * n_turns, False)  # type: ignore[arg-type]
    assert "150,000 of 300,000" in next(pieces)
    assert [next(pieces) for _ in range(3)] == ["⟨x⟩", "xx", "⟦xxx⟧"]
    assert len(decoded) < 10
    assert sum(piece.count("x") for piece in pieces) == len(ids) - 6
    assert sum(decoded) == len(ids)

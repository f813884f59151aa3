"""`trajhouse show ID --mask`, with a small tokenizer of bytes made here."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from trajhouse.udfs.tokenizer import load_tokenizer

from .conftest import Run

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
    row = ["airline/a-1", "airline", "task-1", ids, ids, mask, len(ids), len(answer)]
    with duckdb.connect(str(warehouse / "warehouse.duckdb")) as connection:
        connection.execute(
            "insert into marts.sft_tokenized values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
    assert done.text == (
        "⟨<|im_start|>⟩user\nHi é\\x1b[1m⟨<|im_end|>⟩\n⟨<|im_start|>⟩assistant\n"
        "[[Yo⟨<|im_end|>⟩\n]]\n"
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


def test_other_template_is_an_error(
    run: Run, tokenized: Path, tokenizer_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "template.jinja").write_text(TEMPLATE + " ")
    environment = {
        "TRAJHOUSE_TOKENIZER": str(tokenizer_file),
        "TRAJHOUSE_CHAT_TEMPLATE": str(tmp_path / "template.jinja"),
    }
    done = run("show", "a-1", "--mask", warehouse=tokenized, env=environment)
    assert done.code == 3
    assert len(done.err.splitlines()) == 3
    assert "did not make these tokens" in done.err

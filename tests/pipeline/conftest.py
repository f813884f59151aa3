"""Warehouses landed and built by real processes, once a session."""

from __future__ import annotations

import pytest

from tests.pipeline.processes import QWEN3, REAL, SAMPLE, Built, built


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The bundled sample, every model built. Not to be changed by a test."""
    return built(
        tmp_path_factory.mktemp("sample") / "warehouse",
        ("openai", str(SAMPLE / "support.jsonl"), "--dataset", "support"),
        ("swe_agent", str(SAMPLE / "repairs"), "--dataset", "repairs"),
        is_whole=True,
    )


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The real trajectories of two families, built with the published Qwen3 tokenizer."""
    if not REAL.is_dir():
        pytest.skip("the real trajectories (../shared/data/real) are not here")
    return built(
        tmp_path_factory.mktemp("real") / "warehouse",
        (
            "openai",
            str(REAL / "tau_bench" / "gpt-4o-airline.json"),
            "--dataset",
            "tau_bench",
            "--field",
            "messages=traj",
            "--field",
            "task_id=task_id",
        ),
        ("swe_agent", str(REAL / "swe_agent"), "--dataset", "swe_agent"),
        ("swe_agent", str(REAL / "swe_smith"), "--dataset", "swe_smith"),
        TRAJHOUSE_TOKENIZER=str(QWEN3),
    )

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trajhouse.cli.errors import CannotOpen, TrajhouseError, UsageFault
from trajhouse.cli.landing.families import load_family, override_fields

YML = """
models:
  - name: stg_notes__trajectories
    config:
      meta:
        family: notes
        suffixes: [.NOTE]
        fields:
          messages: {paths: ["$.messages", "$.log"], type: messages}
          model: text
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models" / "staging" / "notes"
    folder.mkdir(parents=True)
    (tmp_path / "dbt_project.yml").touch()
    monkeypatch.setenv("TRAJHOUSE_PROJECT", str(tmp_path))
    yml = folder / "stg_notes__trajectories.yml"
    yml.write_text(YML)
    return yml


def test_family_is_read_from_its_yml(project: Path) -> None:
    family = load_family("notes")
    assert family.suffixes == (".note",)
    assert json.loads(family.fields_as_json()) == {
        "messages": ["$.messages", "$.log"],
        "model": ["$.model"],
    }


def test_override_replaces_the_paths_of_one_field(project: Path) -> None:
    family = override_fields(load_family("notes"), ["messages=info.traj"])
    assert json.loads(family.fields_as_json()) == {
        "messages": ["$.info.traj"],
        "model": ["$.model"],
    }
    assert [field.type for field in family.fields] == ["messages", "text"]


@pytest.mark.parametrize(
    ("override", "hint"),
    [
        ("mesages=traj", "--field messages=traj"),
        ("messages", "--field messages=traj"),
        ("messages=a[*]", "for example"),
    ],
)
def test_override_that_means_nothing_says_what_to_write(
    project: Path, override: str, hint: str
) -> None:
    with pytest.raises(UsageFault) as caught:
        override_fields(load_family("notes"), [override])
    assert hint in caught.value.hint


def test_unknown_family_gets_a_suggestion(project: Path) -> None:
    with pytest.raises(UsageFault) as caught:
        load_family("note")
    assert caught.value.hint == "trajhouse ingest notes ..."


@pytest.mark.parametrize("name", ["../notes", "/etc", "", "shared"])
def test_family_name_never_leads_elsewhere(project: Path, name: str) -> None:
    with pytest.raises(UsageFault):
        load_family(name)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("type: messages", "type: list", "type 'list'"),
        ("fields:", "columns:", "fields is missing"),
        ("family: notes", "family: other", "meta.family is 'other'"),
        ("models:", "models: [", "expected"),
    ],
    ids=["type", "missing", "other_name", "no_yaml"],
)
def test_broken_yml_is_named(project: Path, old: str, new: str, why: str) -> None:
    project.write_text(YML.replace(old, new))
    with pytest.raises(TrajhouseError) as caught:
        load_family("notes")
    assert project.name in caught.value.what
    assert why in caught.value.why


def test_folder_without_project_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAJHOUSE_PROJECT", str(tmp_path))
    with pytest.raises(CannotOpen):
        load_family("openai")


def test_own_families_are_found_without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRAJHOUSE_PROJECT", raising=False)
    for name in ("openai", "swe_agent"):
        assert "messages" in [field.name for field in load_family(name).fields]


def test_layout_is_files_unless_the_yml_says_trial_directories(project: Path) -> None:
    assert load_family("notes").layout == "files"
    project.write_text(
        YML.replace("family: notes", "family: notes\n        layout: trial_directories")
    )
    assert load_family("notes").layout == "trial_directories"
    project.write_text(YML.replace("family: notes", "family: notes\n        layout: heap"))
    with pytest.raises(TrajhouseError, match="notes"):
        load_family("notes")

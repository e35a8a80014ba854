"""The workflows: what they may do, that every step is there, and which snapshots the scheduled one takes.

`test_scheduled_run.py` runs its steps.
"""

import datetime
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from census import PROJECT, execute
from runner import WORKFLOWS, cloned, executable, read

SCRIPTS = PROJECT / ".github" / "scripts"


def steps(name: str) -> list[tuple[str, dict]]:
    return [(job, step) for job, entry in read(name)["jobs"].items() for step in entry["steps"]]


RUNS = [
    pytest.param(step, id=f"{name}-{job}-{step['name']}")
    for name in WORKFLOWS
    for job, step in steps(name)
    if "run" in step
]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_three() -> None:
    assert list(WORKFLOWS) == ["ci", "pipeline", "release"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned_by_hash(name: str) -> None:
    text = WORKFLOWS[name].read_text(encoding="utf-8")
    uses = re.findall(r"^\s*(?:- )?uses: (.*)$", text, re.MULTILINE)
    assert len(uses) == sum("uses" in step for _, step in steps(name)) > 0
    for action in uses:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


@pytest.mark.parametrize("name", WORKFLOWS)
def test_jobs_have_no_more_than_they_need(name: str) -> None:
    workflow = read(name)
    assert workflow["permissions"] == {}
    written = {
        (job, scope)
        for job, entry in workflow["jobs"].items()
        for scope, right in entry["permissions"].items()
        if right == "write"
    }
    assert (
        written
        == {
            "ci": set(),
            "pipeline": {("dataset", "id-token")},
            "release": {("build", "id-token"), ("build", "attestations"), ("release", "contents")},
        }[name]
    )
    for _, step in steps(name):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("step", RUNS)
def test_no_text_of_others_becomes_a_command(step: dict) -> None:
    assert "${{" not in step["run"]


@pytest.mark.parametrize("step", RUNS)
def test_commands_are_there(step: dict, binary: Path) -> None:
    """Targets of make, verbs of the program, scripts; and few other commands."""
    known = 0
    for line in step["run"].strip().splitlines():
        command = line.split(" 2>&1")[0].split(" | ")[0].strip()
        if match := re.match(r"make ([a-z -]+)$", command):
            done = subprocess.run(["make", "-n", *match[1].split()], cwd=PROJECT, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        elif match := re.match(r'"\$HUBCENSUS_BIN" ([a-z]+) (.*)', command):
            told = execute(binary, match[1], "--help")
            for option in re.findall(r"--[a-z]+", match[2]):
                assert option in told, option
        elif match := re.match(r"(?:python3|\.venv-workflow/bin/python) \.github/scripts/([a-z_]+)\.py", command):
            assert (SCRIPTS / f"{match[1]}.py").is_file()
        else:
            assert re.match(r"(rustup toolchain install stable|gh release create|mkdir -p|cd dist && sha256sum) ", line)
        known += 1
    assert known


def test_a_release_is_packed_and_tried(binary: Path, tmp_path: Path) -> None:
    """What `release.yml` runs, in a clone, with the binary under test for the one that it builds."""
    clone = cloned(tmp_path / "clone")
    # It would take long to pack itself.
    executable(clone / "target" / "dist" / "hubcensus", f"#!/bin/sh\nexec '{binary}' \"$@\"\n")
    commands = [step["run"] for job, step in steps("release") if job == "build" and "make " in step.get("run", "")]
    assert commands == ["make dist", "make dist-check"]
    for command in commands:
        environment = os.environ | {"CARGO": "true", "TARGET": "this-machine"}
        ran = subprocess.run(command.split(), cwd=clone, env=environment, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "models of" in ran.stdout and "downloads in all" in ran.stdout
    archive = clone / "dist" / "hubcensus-this-machine.tar.gz"
    said = (archive.parent / f"{archive.name}.sha256").read_text(encoding="utf-8").split()
    assert said == [hashlib.sha256(archive.read_bytes()).hexdigest(), archive.name]


def test_the_cron_is_off_the_hour() -> None:
    # YAML 1.1 takes the key `on` for a truth.
    (schedule,) = read("pipeline")[True]["schedule"]
    minute, hour, *rest = schedule["cron"].split()
    assert int(minute) % 15 != 0
    assert int(hour) in range(24)
    assert rest == ["*", "*", "*"]


def test_only_a_job_that_compiles_nothing_may_write_to_the_hub() -> None:
    job = read("pipeline")["jobs"]["dataset"]
    assert job["env"]["HF_OIDC_RESOURCE"] == "datasets/${{ vars.HUBCENSUS_DATASET }}"
    assert job["needs"] == "tables"
    assert not any("cargo" in str(step) or "make build" in str(step) for step in job["steps"])


# Which snapshots are taken.

TODAY = datetime.date(2026, 11, 30)


def days(*numbers: int) -> list[datetime.date]:
    return [datetime.date(2026, 11, number) for number in numbers]


@pytest.mark.parametrize(
    ("source", "known", "expected"),
    [
        ("hub-stats", [], [29]),
        ("hub-stats", [29], []),
        ("hub-stats", [26, 27], [28, 29]),
        ("hub-stats", [25, 28, 29], [26, 27]),
        # Two weeks are looked through, and nothing before the first snapshot.
        ("hub-stats", [1], list(range(16, 30))),
        ("hub-stats", [28], [29]),
        ("hub-api", [], [30]),
        ("hub-api", [27], [30]),
        ("hub-api", [30], []),
    ],
)
def test_snapshots_that_are_lacking(source: str, known: list[int], expected: list[int]) -> None:
    assert script("take_snapshots").wanted(source, set(days(*known)), TODAY) == days(*expected)


def test_a_set_of_dates() -> None:
    parsed = script("take_snapshots").parsed
    assert parsed("2026-11-03") == days(3)
    assert parsed("2026-11-03..2026-11-05") == days(3, 4, 5)
    assert parsed("2026-11-05, 2026-11-03..2026-11-04,2026-11-03") == days(3, 4, 5)
    with pytest.raises(ValueError, match="tomorrow"):
        parsed("tomorrow")


PROGRAM = """#!/usr/bin/env bash
case "$1" in
query) printf 'snapshot_date\n2026-11-27\n2026-11-28\n2026-11-29\n' ;;
plan)
  printf '3 snapshots\n'
  printf '2026-11-28  %-38s  make if changed: enrich.models\n' aggregate.sizes
  printf '2026-11-29  %-38s  make: query changed, not there yet\n' aggregate.entities
  ;;
capture) exit 0 ;;
esac
"""


@pytest.mark.parametrize(
    ("source", "place", "expected"),
    [
        # An archive still has the day: it is taken again, and published when it is whole.
        ("hub-stats", "s3://bucket/tables", ["dates=2026-11-29", "rest=", "new=2026-11-27,2026-11-28,2026-11-29"]),
        # The live Hub has today's alone.
        ("hub-api", "s3://bucket/tables", ["dates=2026-11-30", "rest=2026-11-29", "new=*"]),
        # What was published was whole, whatever came to the project since.
        ("hub-stats", "published", ["dates=", "rest=", "new="]),
    ],
)
def test_a_day_that_was_left_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, place: str, expected: list[str]
) -> None:
    executable(tmp_path / "hubcensus", PROGRAM)
    days_of_place = dict.fromkeys(["2026-11-27", "2026-11-28", "2026-11-29"], {})
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "publication.json").write_text(json.dumps({"snapshots": days_of_place}), encoding="utf-8")
    module = script("take_snapshots")

    class Day(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            return cls(2026, 11, 30, 6, tzinfo=tz)

    monkeypatch.setattr(module.datetime, "datetime", Day)
    monkeypatch.chdir(tmp_path)
    output = tmp_path / "output"
    for name, value in {
        "HUBCENSUS_BIN": "./hubcensus",
        "SOURCE": source,
        "LAKE": "s3://bucket/lake",
        "PLACE": place,
        "DATES": "",
        "GITHUB_OUTPUT": str(output),
    }.items():
        monkeypatch.setenv(name, value)
    assert module.main() == 0
    everything = "new=2026-11-27,2026-11-28,2026-11-29,2026-11-30"
    assert output.read_text(encoding="utf-8").splitlines() == [
        line.replace("new=*", everything) for line in expected
    ]


def test_zizmor_finds_nothing() -> None:
    zizmor = Path(sys.executable).parent / "zizmor"
    assert zizmor.is_file(), "tests/requirements.txt has it"
    ran = subprocess.run([zizmor, "--offline", "--no-progress", ".github"], cwd=PROJECT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr

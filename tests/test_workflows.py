"""The workflows: what they may do, that every step is there, and the pipeline's steps run in order as a runner would.

A runner is a clone of the project, an artifact store, and `gh`; the Hub is the generated sample. What each step runs is
read from the workflow.
"""

import datetime
import importlib.util
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import yaml

from census import PROJECT, execute

FOLDER = PROJECT / ".github" / "workflows"
SCRIPTS = PROJECT / ".github" / "scripts"
WORKFLOWS = {path.stem: path for path in sorted(FOLDER.glob("*.yml"))}
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


def read(name: str) -> dict:
    return yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))


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
    ("source", "published", "expected"),
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
def test_snapshots_that_are_missing(source: str, published: list[int], expected: list[int]) -> None:
    assert script("take_snapshots").wanted(source, set(days(*published)), TODAY) == days(*expected)


def test_a_set_of_dates() -> None:
    parsed = script("take_snapshots").parsed
    assert parsed("2026-11-03") == days(3)
    assert parsed("2026-11-03..2026-11-05") == days(3, 4, 5)
    assert parsed("2026-11-05, 2026-11-03..2026-11-04,2026-11-03") == days(3, 4, 5)
    with pytest.raises(ValueError, match="tomorrow"):
        parsed("tomorrow")


# To a dataset repository.


class Api:
    """A dataset repository of the Hub, as the client shows it."""

    def __init__(self, files: dict[str, bytes]):
        self.files = files
        self.commits: list[list] = []

    def dataset_info(self, repository: str) -> SimpleNamespace:
        assert repository == "owner/name"
        return SimpleNamespace(sha="head")

    def list_repo_tree(self, repository: str, *, repo_type: str, revision: str, recursive: bool) -> list:
        from huggingface_hub.hf_api import RepoFile

        assert (repository, repo_type, revision, recursive) == ("owner/name", "dataset", "head", True)
        git = {name: subprocess.run(["git", "hash-object", "--stdin"], input=content, capture_output=True, check=True)
               for name, content in self.files.items()}  # fmt: skip
        return [
            RepoFile(path=name, size=len(content), oid=git[name].stdout.decode().strip())
            for name, content in self.files.items()
        ]

    def create_commit(self, repository: str, operations: list, *, repo_type: str, parent_commit: str, **_: str):
        assert (repository, repo_type, parent_commit) == ("owner/name", "dataset", "head")
        self.commits.append(operations)
        for operation in operations:
            if hasattr(operation, "path_or_fileobj"):
                self.files[operation.path_in_repo] = Path(operation.path_or_fileobj).read_bytes()
            else:
                del self.files[operation.path_in_repo]
        return SimpleNamespace(commit_url="https://hub/commit/next")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "README.md": b"card\n",
        "aggregate/entities/snapshot_date=2026-11-29/part-a.parquet": b"a",
        "latest/entities.parquet": b"a",
        "publication.json": b"{}\n",
        ".cache/huggingface/x": b"the client's own",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    parquet = sorted(name for name in files if name.endswith(".parquet"))
    a = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    (tmp_path / "SHA256SUMS").write_text("".join(f"{a}  {name}\n" for name in parquet), encoding="utf-8")
    return tmp_path


def publish(api: Api, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    module = script("publish_dataset")
    monkeypatch.setattr(module, "HfApi", lambda: api)
    monkeypatch.setattr(sys, "argv", ["publish_dataset.py", str(folder), "owner/name"])
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return module.main()


def test_a_dataset_is_published_in_one_commit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = {
        ".gitattributes": b"*.parquet lfs\n",
        "README.md": b"card\n",
        "aggregate/gone.parquet": b"g",
        "latest/entities.parquet": b"b",
    }
    api = Api(old)
    assert publish(api, folder, monkeypatch) == 0
    ((*operations,),) = api.commits
    assert [type(operation).__name__.removeprefix("CommitOperation") for operation in operations] == ["Add"] * 4 + [
        "Delete"
    ]
    assert [operation.path_in_repo for operation in operations] == [
        "SHA256SUMS",
        "aggregate/entities/snapshot_date=2026-11-29/part-a.parquet",
        "latest/entities.parquet",
        "publication.json",
        "aggregate/gone.parquet",
    ]
    assert api.files[".gitattributes"] == b"*.parquet lfs\n"
    assert publish(api, folder, monkeypatch) == 0
    assert len(api.commits) == 1, "a second publication of the same writes nothing"


@pytest.mark.parametrize("harm", ["changed", "gone", "unsummed"])
def test_damaged_files_are_not_published(folder: Path, harm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "latest" / "entities.parquet"
    if harm == "changed":
        file.write_bytes(b"c")
    elif harm == "gone":
        file.unlink()
    else:
        (folder / "latest" / "other.parquet").write_bytes(b"a")
    api = Api({})
    with pytest.raises((SystemExit, FileNotFoundError)):
        publish(api, folder, monkeypatch)
    assert api.commits == []


# The pipeline's steps in order, as a runner runs them.

SOURCE_DAYS = ["2026-11-26", "2026-11-27", "2026-11-28", "2026-11-29"]

GH = """#!{python}
import json, os, pathlib, shutil, sys
store = pathlib.Path(os.environ["ARTIFACTS"])
if sys.argv[1] == "api":
    name = sys.argv[2].split("name=")[1].split("&")[0]
    runs = sorted((int(path.name) for path in store.iterdir() if (path / name).is_dir()), reverse=True)
    ours = [dict(expired=False, workflow_run=dict(
        id=run, head_branch="main", repository_id=1, head_repository_id=1)) for run in runs]
    # Newer, and neither may be taken.
    others = [dict(expired=False, workflow_run=dict(id=99, head_branch="main", repository_id=1, head_repository_id=2)),
              dict(expired=True, workflow_run=dict(id=98, head_branch="main", repository_id=1, head_repository_id=1))]
    print(json.dumps(dict(artifacts=others + ours)))
else:
    run, name, folder = sys.argv[3], sys.argv[sys.argv.index("--name") + 1], sys.argv[sys.argv.index("--dir") + 1]
    shutil.copytree(store / run / name, folder, dirs_exist_ok=True)
"""

# The program, whose archive is a directory.
PROGRAM = """#!/usr/bin/env bash
if [ "$1" = capture ]; then
    while [ "$1" != --dates ]; do shift; done
    mkdir -p data/snapshots/hub-stats
    cp "$ARCHIVE/models_$2.parquet" data/snapshots/hub-stats/
else
    if [ "$1" = "$BROKEN" ]; then echo "$1 is broken" >&2; exit 1; fi
    exec '{binary}' "$@"
fi
"""


class Runner:
    """Runs the job `tables` of the pipeline, each time in a fresh clone."""

    def __init__(self, folder: Path, binary: Path, archive: Path):
        self.folder, self.binary, self.archive = folder, binary, archive
        self.artifacts = folder / "artifacts"
        self.artifacts.mkdir()
        self.runs = 0
        gh = folder / "bin" / "gh"
        gh.parent.mkdir()
        executable(gh, GH.replace("{python}", sys.executable))

    def run(self, today: str, broken: str = "", dates: str = "") -> SimpleNamespace:
        self.runs += 1
        clone = self.folder / f"run-{self.runs}"
        safe = ["-c", f"safe.directory={PROJECT}", "-c", f"safe.directory={PROJECT / '.git'}"]
        subprocess.run(["git", *safe, "clone", "--quiet", "--no-hardlinks", PROJECT, clone], check=True)
        program = clone / "target" / "release" / "hubcensus"
        program.parent.mkdir(parents=True)
        executable(program, PROGRAM.replace("{binary}", str(self.binary)))
        python = clone / ".venv-workflow" / "bin" / "python"
        python.parent.mkdir(parents=True)
        # Today is what the test says.
        executable(python, f"#!/usr/bin/env bash\nexec '{sys.executable}' {self.folder / 'today.py'} \"$@\"\n")
        (self.folder / "today.py").write_text(CLOCK, encoding="utf-8")
        (clone / ".venv-workflow" / "ready").touch()

        job = read("pipeline")["jobs"]["tables"]
        outputs: dict[str, dict[str, str]] = {}
        outcomes: dict[str, str] = {}
        summary = self.folder / f"summary-{self.runs}.md"
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("HUBCENSUS_", "AWS_"))}
        environment |= {
            "PATH": f"{self.folder / 'bin'}:{environment['PATH']}",
            "CARGO": "true",
            "ARTIFACTS": str(self.artifacts),
            "ARCHIVE": str(self.archive),
            "BROKEN": broken,
            "TODAY": today,
            "GITHUB_REPOSITORY": "owner/hubcensus",
            "GITHUB_REF_NAME": "main",
            "GITHUB_STEP_SUMMARY": str(summary),
        }
        values: dict[str, Callable[[], str]] = {
            "inputs.source != 'default' && inputs.source || vars.HUBCENSUS_SOURCE || 'hub-stats'": lambda: "hub-stats",
            "vars.HUBCENSUS_KINDS || 'models'": lambda: "models",
            "vars.HUBCENSUS_LAKE || 'lake'": lambda: "lake",
            "vars.HUBCENSUS_PLACE || 'published'": lambda: "published",
            "vars.HUBCENSUS_S3_REGION || 'us-east-1'": lambda: "us-east-1",
            "inputs.dates": lambda: dates,
            "github.token": lambda: "token",
            "env.LAKE": lambda: "lake",
            "env.PLACE": lambda: "published",
            **dict.fromkeys(["vars.HUBCENSUS_DATASET", "vars.HUBCENSUS_S3_ENDPOINT"], str),
            **dict.fromkeys(["secrets.HUBCENSUS_S3_KEY_ID", "secrets.HUBCENSUS_S3_KEY"], str),
            **{
                f"steps.capture.outputs.{name}": lambda name=name: outputs.get("capture", {}).get(name, "")
                for name in ("dates", "new")
            },
        }

        def filled(text: object) -> str:
            def value(match: re.Match) -> str:
                expression = " ".join(match[1].split())
                if ".outcome == 'failure'" in expression:
                    return next((step for step, outcome in outcomes.items() if outcome == "failure"), "")
                return values[expression]()

            return EXPRESSION.sub(value, str(text))

        def goes(condition: str | None, failed: bool) -> bool:
            if condition == "failure()":
                return failed
            if condition is None or condition in (
                "${{ !contains(env.LAKE, '://') }}",
                "${{ !contains(env.PLACE, '://') }}",
            ):
                return not failed
            name = re.fullmatch(r"steps\.capture\.outputs\.(dates|new) != ''", condition)
            return not failed and bool(values[f"steps.capture.outputs.{name[1]}"]())

        ran, said, failed = [], "", False
        for step in job["steps"]:
            if not goes(step.get("if"), failed):
                continue
            if "uses" in step:
                if "upload-artifact" in step["uses"] and (clone / filled(step["with"]["path"])).is_dir():
                    place = self.artifacts / str(self.runs) / step["with"]["name"]
                    shutil.copytree(clone / filled(step["with"]["path"]), place)
                continue
            if step["name"] == "Rust":
                continue
            output = self.folder / f"output-{self.runs}"
            output.write_text("", encoding="utf-8")
            own = {name: filled(value) for name, value in (job["env"] | step.get("env", {})).items()}
            # An address that is empty is none.
            own = {name: value for name, value in own.items() if value or not name.startswith("AWS_")}
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=clone, env=environment | own | {"GITHUB_OUTPUT": str(output)}, capture_output=True, text=True,
            )  # fmt: skip
            said += done.stdout + done.stderr
            ran.append(step["name"])
            lines = [line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines()]
            if "id" in step:
                outputs[step["id"]] = dict(lines)
                outcomes[step["id"]] = "failure" if done.returncode else "success"
            failed = failed or done.returncode != 0
        text = summary.read_text(encoding="utf-8") if summary.is_file() else ""
        published = clone / "published" / "publication.json"
        snapshots = list(json.loads(published.read_text(encoding="utf-8"))["snapshots"]) if published.is_file() else []
        return SimpleNamespace(clone=clone, failed=failed, ran=ran, said=said, summary=text, snapshots=snapshots)


# Runs a script with another day for today.
CLOCK = """
import datetime, os, runpy, sys
class Day(datetime.datetime):
    @classmethod
    def now(cls, zone=None):
        return cls.fromisoformat(os.environ["TODAY"] + "T06:00:00").replace(tzinfo=zone)
datetime.datetime = Day
sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def executable(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture(scope="module")
def archive(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("archive")
    execute(binary, "sample", "--models", 1300, "--dates", f"{SOURCE_DAYS[0]}..{SOURCE_DAYS[-1]}", "--out", out)
    return out


@pytest.fixture
def runner(binary: Path, archive: Path, tmp_path: Path) -> Runner:
    mine = tmp_path / "archive"
    mine.mkdir()
    for path in archive.glob("models_*.parquet"):
        shutil.copy2(path, mine)
    return Runner(tmp_path, binary, mine)


def parquet(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}


def kept(published: Path) -> dict[str, bytes]:
    """The files that a later publication may not change."""
    return {name: content for name, content in parquet(published).items() if not name.startswith("latest/")}


def test_runs_day_after_day(runner: Runner) -> None:
    """A first day; a day on which a step fails; the next, on which the missed one is taken too; and nothing new."""
    first = runner.run("2026-11-27")
    assert not first.failed, first.said
    assert first.snapshots == ["2026-11-26"]
    assert re.match(
        r"## 2026-11-26, hub-stats, generated: [\d,]+ models of [\d,]+ entities .*downloads in all\n", first.summary
    )
    for part in (" checks ", "partitions of lake: all as their manifests say", "published to published: "):
        assert part in first.summary

    second = runner.run("2026-11-28", broken="publish")
    assert second.failed
    assert second.ran[-2:] == ["Publish", "Say what to do"]
    assert "## Failed: publish. Nothing was published" in second.summary
    assert "publish is broken" in second.summary
    assert not (runner.artifacts / "2").exists(), "a run that failed leaves nothing"

    third = runner.run("2026-11-29")
    assert not third.failed, third.said
    assert third.snapshots == ["2026-11-26", "2026-11-27", "2026-11-28"]
    after = parquet(third.clone / "published")
    assert kept(first.clone / "published").items() <= after.items()
    assert any("momentum/snapshot_date=2026-11-28" in name for name in after), "changes need the day before"

    again = runner.run("2026-11-29")
    assert not again.failed, again.said
    assert "Make the tables" not in again.ran
    assert again.summary.startswith("## Nothing new")
    assert parquet(runner.artifacts / "4" / "published") == after


def test_what_is_lost_and_what_is_lacking(runner: Runner) -> None:
    """A day that was asked for; the lake is lost, and the archive lacks a day; then a step fails, and all of the archive."""
    first = runner.run("2026-11-30", dates="2026-11-26")
    assert first.snapshots == ["2026-11-26"]
    shutil.rmtree(runner.artifacts / "1" / "lake")
    (runner.archive / "models_2026-11-27.parquet").unlink()
    second = runner.run("2026-11-29")
    assert not second.failed, second.said
    assert "::warning::hub-stats of 2026-11-27 could not be taken" in second.said
    assert second.snapshots == ["2026-11-26", "2026-11-28"]
    after = parquet(second.clone / "published")
    assert kept(first.clone / "published").items() <= after.items()
    # The last day that was published was taken again, to compare with.
    assert any("momentum/snapshot_date=2026-11-28" in name for name in after)

    for broken in ("run", "capture"):
        if broken == "capture":
            (runner.archive / "models_2026-11-29.parquet").unlink()
        ran = runner.run("2026-11-30", broken=broken)
        assert ran.failed
        assert f"## Failed: {broken}. Nothing was published" in ran.summary
        assert not (runner.artifacts / str(runner.runs)).exists()
    assert parquet(runner.artifacts / "2" / "published") == after

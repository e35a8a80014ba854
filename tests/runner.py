"""What runs the jobs of the scheduled workflow in a test: their steps in order, as they stand in the file.

Stand-ins are there for what GitHub brings: `gh` and the actions that keep and fetch artifacts; for the build, which is the
binary under test; and for the day. The Hub is the fixture Hub, which the program and the official client are sent to.
"""

import json
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from census import PROJECT
from hub import client

WORKFLOWS = {path.stem: path for path in sorted((PROJECT / ".github" / "workflows").glob("*.yml"))}
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)

# Of the published tables those that a summary shows, and those of changes: more of them only take time.
TABLES = {"attribution", "changes", "entities", "geography", "kinds", "measures", "overview", "snapshots"}

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

# The program, one verb of which may be broken, or `run` by half: some of the tables are made.
PROGRAM = """#!/usr/bin/env bash
if [ "$1" = "$BROKEN" ]; then echo "$1 is broken" >&2; exit 1; fi
if [ "$1-half" = "$BROKEN" ]; then '{binary}' "$@" +aggregate.snapshots; echo "$1 is broken" >&2; exit 1; fi
exec '{binary}' "$@"
"""

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


def read(name: str) -> dict:
    return yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))


def executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def cloned(folder: Path) -> Path:
    """What is committed."""
    # Commits of this user's, whoever owns the files.
    safe = ["-c", f"safe.directory={PROJECT}", "-c", f"safe.directory={PROJECT / '.git'}"]
    subprocess.run(["git", *safe, "clone", "--quiet", "--no-hardlinks", PROJECT, folder], check=True)
    return folder


@dataclass
class Ran:
    """What a run left behind."""

    # The names of its steps, of both jobs.
    ran: list[str] = field(default_factory=list)
    said: str = ""
    failed: bool = False
    summary: str = ""
    published: Path = Path()
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)

    @property
    def snapshots(self) -> list[str]:
        record = self.published / "publication.json"
        return list(json.loads(record.read_text(encoding="utf-8"))["snapshots"]) if record.is_file() else []


class Runner:
    """Runs the workflow, each job of each run in a fresh clone."""

    def __init__(self, folder: Path, binary: Path, hub: str, dataset: str = "", lake: str = "", place: str = ""):
        self.folder, self.binary, self.hub, self.dataset = folder, binary, hub, dataset
        # Addresses, where they are no directories of the run.
        self.lake, self.place = lake or "lake", place or "published"
        self.artifacts = folder / "artifacts"
        self.artifacts.mkdir()
        self.runs = 0
        executable(folder / "bin" / "gh", GH.replace("{python}", sys.executable))
        (folder / "today.py").write_text(CLOCK, encoding="utf-8")

    def run(self, today: str, broken: str = "", dates: str = "") -> Ran:
        """A run on a day. `broken` is a verb of the program, `run-half`, or `identity`: the Hub is shown none."""
        self.runs += 1
        ran = Ran()
        summary = self.folder / f"summary-{self.runs}.md"
        environment = client(self.hub, self.folder / "home")
        environment = {
            name: value for name, value in environment.items() if not name.startswith(("HUBCENSUS_", "AWS_"))
        }
        environment |= {
            "PATH": f"{self.folder / 'bin'}:{environment['PATH']}",
            "CARGO": "true",
            "ARTIFACTS": str(self.artifacts),
            "BROKEN": broken,
            "TODAY": today,
            "GITHUB_REPOSITORY": "owner/hubcensus",
            "GITHUB_REF_NAME": "main",
            "GITHUB_STEP_SUMMARY": str(summary),
            "HF_OIDC_ID_TOKEN": "" if broken == "identity" else "the workflow",
        }
        jobs = read("pipeline")["jobs"]
        clone = self._job("tables", jobs["tables"], environment, dates, ran)
        ran.published = clone / "published"
        assert jobs["dataset"]["needs"] == "tables"
        assert jobs["dataset"]["if"] == "vars.HUBCENSUS_DATASET != '' && !contains(vars.HUBCENSUS_PLACE, '://')"
        if self.dataset and not ran.failed:
            self._job("dataset", jobs["dataset"], environment, dates, ran)
        ran.summary = summary.read_text(encoding="utf-8") if summary.is_file() else ""
        return ran

    def _clone(self, name: str) -> Path:
        clone = cloned(self.folder / f"run-{self.runs}-{name}")
        for path in (clone / "pipelines" / "aggregate").iterdir():
            if path.stem not in TABLES:
                path.unlink()
        executable(clone / "target" / "release" / "hubcensus", PROGRAM.replace("{binary}", str(self.binary)))
        python = f"#!/usr/bin/env bash\nexec '{sys.executable}' {self.folder / 'today.py'} \"$@\"\n"
        executable(clone / ".venv-workflow" / "bin" / "python", python)
        (clone / ".venv-workflow" / "ready").touch()
        return clone

    def _job(self, name: str, job: dict, environment: dict[str, str], dates: str, ran: Ran) -> Path:
        clone = self._clone(name)
        for step in job["steps"]:
            if self._goes(step.get("if"), ran):
                if "uses" in step:
                    self._action(step, clone, dates, ran)
                elif step["name"] != "Rust":
                    self._step(step, job["env"], clone, environment, dates, ran)
        return clone

    def _action(self, step: dict, clone: Path, dates: str, ran: Ran) -> None:
        if "-artifact@" not in step["uses"]:
            return
        given = {name: self._filled(value, dates, ran) for name, value in step["with"].items()}
        kept = self.artifacts / str(self.runs) / given["name"]
        if "/upload-artifact@" in step["uses"] and (clone / given["path"]).is_dir():
            # As the action does it.
            shutil.copytree(clone / given["path"], kept, ignore=shutil.ignore_patterns(".*"))
        elif "/download-artifact@" in step["uses"]:
            shutil.copytree(kept, clone / given["path"])

    def _step(self, step: dict, env: dict, clone: Path, environment: dict[str, str], dates: str, ran: Ran) -> None:
        output = self.folder / "output"
        output.write_text("", encoding="utf-8")
        own = {name: self._filled(value, dates, ran) for name, value in (env | step.get("env", {})).items()}
        # An address that is empty is none.
        own = {name: value for name, value in own.items() if value or not name.startswith("AWS_")}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=clone,
            env=environment | own | {"GITHUB_OUTPUT": str(output)},
            capture_output=True,
            text=True,
        )
        ran.ran.append(step["name"])
        ran.said += done.stdout + done.stderr
        ran.failed = ran.failed or done.returncode != 0
        if "id" in step:
            lines = output.read_text(encoding="utf-8").splitlines()
            ran.outputs[step["id"]] = dict(line.split("=", 1) for line in lines)
            ran.outcomes[step["id"]] = "failure" if done.returncode else "success"

    def _filled(self, text: object, dates: str, ran: Ran) -> str:
        """A text with the values of its expressions; one that is not known here fails the test."""
        captured = ran.outputs.get("capture", {})
        values = {
            "inputs.source != 'default' && inputs.source || vars.HUBCENSUS_SOURCE || 'hub-stats'": "hub-stats",
            "vars.HUBCENSUS_KINDS || 'models'": "models",
            "vars.HUBCENSUS_LAKE || 'lake'": self.lake,
            "vars.HUBCENSUS_PLACE || 'published'": self.place,
            "vars.HUBCENSUS_S3_REGION || 'us-east-1'": "us-east-1",
            "vars.HUBCENSUS_S3_ENDPOINT": "",
            "vars.HUBCENSUS_DATASET": self.dataset,
            "secrets.HUBCENSUS_S3_KEY_ID": "",
            "secrets.HUBCENSUS_S3_KEY": "",
            "inputs.dates": dates,
            "github.token": "token",
            "env.LAKE": self.lake,
            "contains(env.PLACE, '://') && 'published' || env.PLACE": "published" if "://" in self.place else self.place,
            "steps.capture.outputs.dates": captured.get("dates", ""),
            "steps.capture.outputs.new": captured.get("new", ""),
            "steps.capture.outputs.rest": captured.get("rest", ""),
        }

        def value(match: re.Match) -> str:
            expression = " ".join(match[1].split())
            if ".outcome == 'failure'" in expression:
                return next((step for step, outcome in ran.outcomes.items() if outcome == "failure"), "")
            return values[expression]

        return EXPRESSION.sub(value, str(text))

    def _goes(self, condition: str | None, ran: Ran) -> bool:
        if condition == "failure()":
            return ran.failed
        if condition == "${{ !contains(env.LAKE, '://') }}":
            return not ran.failed and "://" not in self.lake
        if condition is None:
            return not ran.failed
        if left := re.fullmatch(r"contains\(env\.PLACE, '://'\) && (.*)", condition):
            return "://" in self.place and self._goes(left[1], ran)
        (output,) = re.fullmatch(r"steps\.capture\.outputs\.(dates|rest|new) != ''", condition).groups()
        return not ran.failed and bool(ran.outputs["capture"].get(output))

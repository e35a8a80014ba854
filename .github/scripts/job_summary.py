"""Writes what a run did, or what to do about one that failed, to the job's summary.

    job_summary.py DIRECTORY [STEP]

DIRECTORY has the logs of the steps: run.log, verify.log, publish.log, dataset.log. STEP is the one that failed, if one did.
"""

import os
import subprocess
import sys
from pathlib import Path

# What to do where a step fails. What was published last is whole then.
TO_DO = {
    "build": "The program does not compile here. `make build` shows the same on any machine.",
    "restore": "What the last run left could not be fetched. Run the workflow again; if an artifact is damaged, delete it: "
    "the lake begins anew then, and what was published stays.",
    "capture": "No snapshot could be taken. The Hub or the archive may be away for a while: run the workflow again later; "
    "the days that are missing are taken then. If the archive has moved or ended, set the variable HUBCENSUS_SOURCE.",
    "run": "A file could not be read, or a table broke one of its rules: the log below names the table, the rule and rows "
    "that break it. Snapshots that were damaged on the way are taken again if the workflow is run again. If the "
    "source changed, its entry in `pipelines/ingest/` has to follow.",
    "verify": "A file of the lake is not as its manifest says. Delete the artifact `lake` of the last run, or the partition in "
    "the bucket, and run the workflow again.",
    "publish": "The tables were made and verified, but not published. Run the workflow again.",
    "dataset": "The tables are in the artifact `published` of this run. Where the log says that the identity was refused, the "
    "settings of the dataset have to name this repository and workflow as a trusted publisher. Run the workflow again: "
    "what the dataset lacks is published then.",
}
LINES = 60


def fenced(text: str) -> str:
    """Text as it is; names in it are of other people."""
    fence = "~" * 8
    return f"{fence}text\n{text.replace('~' * 8, '~').rstrip()}\n{fence}\n"


def log(folder: Path, name: str) -> str:
    path = folder / f"{name}.log"
    if not path.is_file():
        return ""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    left = [f"… {len(lines) - LINES} lines before these are in the log of the step"] if len(lines) > LINES else []
    return "\n".join([*left, *lines[-LINES:]])


def done(folder: Path) -> str:
    environment = os.environ | {"COLUMNS": "160"}
    command = [os.environ["HUBCENSUS_BIN"], "summary", "--lake", os.environ["LAKE"]]
    summary = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    headline = summary.split("\nnext:\n")[0]
    parts = [f"## {headline.splitlines()[0].split(';')[0]}\n", fenced(headline)]
    titles = {"run": "Tables, checks, odd rows, timings", "verify": "Verified", "publish": "Published"}
    parts += [f"### {title}\n\n{fenced(log(folder, name))}" for name, title in titles.items() if log(folder, name)]
    return "\n".join(parts)


def failed(folder: Path, step: str) -> str:
    kept = "The dataset is as it was" if step == "dataset" else "Nothing was published"
    parts = [
        f"## Failed: {step}. {kept}\n" if step else "## Failed\n",
        TO_DO.get(step, "The log of the run says where."),
        "",
    ]
    if said := log(folder, step):
        parts.append(fenced(said))
    return "\n".join(parts)


def main() -> int:
    folder = Path(sys.argv[1])
    if len(sys.argv) > 2:
        text = failed(folder, sys.argv[2])
    elif os.environ.get("NEW"):
        text = done(folder)
    else:
        text = "## Nothing new\n\nEvery snapshot that there is has been published.\n"
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
        summary.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Brings back what the last run left: the lake, and what is published.

    restore.py

An address (s3://…) has what it had: nothing is to be brought back. A directory travels from run to run: what is
published comes from the dataset repository DATASET if there is one, else from the artifact of the last run; the lake,
which is published nowhere, from that artifact. What is gone (artifacts expire, repositories are new once) is left out
and said: `take_snapshots.py` makes up for a lake, and dates that were published stay published.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def gh(*arguments: str) -> str:
    return subprocess.run(["gh", *arguments], check=True, capture_output=True, text=True).stdout


def newest_artifact(name: str) -> dict | None:
    """The newest artifact of this name that a run of this repository on this branch left."""
    repository, branch = os.environ["GITHUB_REPOSITORY"], os.environ["GITHUB_REF_NAME"]
    found = json.loads(gh("api", f"repos/{repository}/actions/artifacts?name={name}&per_page=100"))
    for artifact in found["artifacts"]:
        run = artifact["workflow_run"]
        # Whoever proposes a change from another repository may name a branch, and an artifact, as they like.
        ours = run["head_repository_id"] == run["repository_id"] and run["head_branch"] == branch
        if ours and not artifact["expired"]:
            return artifact
    return None


def from_artifact(name: str, folder: Path) -> bool:
    artifact = newest_artifact(name)
    if artifact is None:
        print(f"{folder}: no run has left an artifact `{name}` that is still there")
        return False
    run = str(artifact["workflow_run"]["id"])
    gh("run", "download", run, "--repo", os.environ["GITHUB_REPOSITORY"], "--name", name, "--dir", str(folder))
    print(f"{folder}: from the artifact `{name}` of run {run}")
    return True


def from_dataset(dataset: str, folder: Path) -> bool:
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        revision = HfApi(token=False).dataset_info(dataset).sha
    except RepositoryNotFoundError as missing:
        raise SystemExit(
            f"{dataset} is no public dataset repository: create it, or unset HUBCENSUS_DATASET"
        ) from missing
    patterns = ["*.parquet", "*.md", "*.json", "SHA256SUMS"]
    snapshot_download(
        dataset, repo_type="dataset", revision=revision, local_dir=folder, allow_patterns=patterns, token=False
    )
    if not (folder / "publication.json").is_file():
        # A new repository has a README of its own, which is no publication.
        for path in folder.glob("*.md"):
            path.unlink()
        print(f"{folder}: nothing has been published to {dataset} yet")
        return False
    print(f"{folder}: what is published as {dataset} at revision {revision}")
    return True


def main() -> None:
    lake, place, dataset = (os.environ.get(name, "") for name in ("LAKE", "PLACE", "DATASET"))
    if "://" in place:
        print(f"{place}: published there, and still there")
    elif not (dataset and from_dataset(dataset, Path(place))):
        from_artifact("published", Path(place))
    if "://" in lake:
        print(f"{lake}: the lake is there")
    elif not from_artifact("lake", Path(lake)):
        print(f"{lake}: begun anew; of tables over several snapshots, all that is read from earlier ones is new too")


if __name__ == "__main__":
    sys.exit(main())

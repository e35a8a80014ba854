"""The commands of the README, block by block, as a newcomer has them: in a fresh clone of what is committed.

The binary is the one under test, at the place where `make build` puts it; building it is what `make pipeline` does
first in any clone. Snapshots are small. The language of a block says what becomes of it.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from census import PROJECT, run_block

RUN = {"console", "python"}
# What is no command.
READ = {"text", "yaml"}
SKIPPED = {
    "console long": "it is the test suite itself",
    "console remote": "it needs snapshots that are no part of the project",
    "console github": "it needs a repository on GitHub; test_workflows.py runs the steps of the workflow",
    "console jupyter": "it starts a server; test_notebooks.py runs the notebooks",
}

BLOCK = re.compile(r"^```(?P<language>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    return [(match["language"].strip(), match["text"]) for match in BLOCK.finditer(text)]


COMMANDS = [(language, text) for language, text in blocks() if language not in READ]


@pytest.fixture(scope="module")
def clone(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (PROJECT / ".git").exists():
        pytest.skip("the project is no git repository, so there is nothing to clone")
    folder = tmp_path_factory.mktemp("newcomer") / "hubcensus"
    # Commits of this user's, whoever owns the files.
    safe = ["-c", f"safe.directory={PROJECT}", "-c", f"safe.directory={PROJECT / '.git'}"]
    subprocess.run(["git", *safe, "clone", "--quiet", "--no-hardlinks", PROJECT, folder], check=True)
    built = folder / "target" / "debug" / "hubcensus"
    built.parent.mkdir(parents=True)
    shutil.copy2(binary, built)
    return folder


def test_every_block_is_run_or_has_a_reason() -> None:
    languages = {language for language, _ in blocks()}
    assert languages <= RUN | READ | set(SKIPPED), languages
    assert sum(language in RUN for language, _ in COMMANDS) >= 4


def headings(path: Path) -> set[str]:
    """As links name them."""
    found = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^a-z0-9 -]", "", line.lower()).replace(" ", "-") for line in found}


def test_what_it_links_to_is_there() -> None:
    readme = PROJECT / "README.md"
    links = re.findall(r"\]\(([^)]+)\)", readme.read_text(encoding="utf-8"))
    assert len(links) > 5
    for link in links:
        if "://" in link:
            continue
        name, _, heading = link.partition("#")
        path = PROJECT / name if name else readme
        assert path.is_file(), link
        assert not heading or heading in headings(path), link


@pytest.mark.parametrize(("language", "text"), COMMANDS, ids=[text.splitlines()[0][:40] for _, text in COMMANDS])
def test_block(clone: Path, language: str, text: str) -> None:
    """Later blocks look into the lake that the first one made."""
    if language in SKIPPED:
        pytest.skip(SKIPPED[language])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUBCENSUS_")}
    if language == "python":
        run_block(text, clone, environment)
        return
    environment |= {"MODELS": "1500", "CARGO": "true"}
    commands = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
    assert commands, text
    for command in commands:
        ran = subprocess.run(["bash", "-c", command], cwd=clone, env=environment, capture_output=True, text=True)
        assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
        if ">>" in command:
            continue
        assert ran.stdout.strip(), command
        assert "enerated" in ran.stdout, f"{command} does not say that its data is generated\n{ran.stdout}"


def test_the_query_of_the_readme_is_no_multiple(clone: Path) -> None:
    """Its sums are those of the rows that `show` shows: one universe, one period, one snapshot."""
    sql = next(
        command[0]
        for language, text in COMMANDS
        if language == "console"
        for command in [re.findall(r'query "([^"]*)"', text)]
        if command
    )

    def rows(*args: str) -> list[list[str]]:
        program = clone / "target" / "debug" / "hubcensus"
        ran = subprocess.run([program, *args, "--format", "csv"], cwd=clone, capture_output=True, text=True, check=True)
        return [line.split(",") for line in ran.stdout.splitlines()[1:]]

    summed = {country: int(downloads) for country, downloads in rows("query", sql)}
    conditions = ["--where", "universe=top50", "--where", "period=all_time", "--columns", "country,downloads"]
    expected: dict[str, int] = {}
    for country, downloads in rows("show", "entities", "-n", "all", *conditions):
        expected[country] = expected.get(country, 0) + int(downloads)
    assert len(summed) == 5
    assert summed == {country: expected[country] for country in summed}
    assert min(summed.values()) >= max(value for country, value in expected.items() if country not in summed)

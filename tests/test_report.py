"""A report: its pages hold together, and Chromium, where there is one, shows them without a complaint."""

import html.parser
import shutil
import subprocess
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest
from census import DATES, Census, execute

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Elements without an end.
EMPTY = {"meta", "link"}


class Page(html.parser.HTMLParser):
    """What a page refers to, what it names, and whether its elements are closed in turn."""

    def __init__(self, path: Path):
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self._open: list[str] = []
        self.feed(path.read_text())
        assert not self._open, f"{path} leaves {self._open} open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[key] for key in ("href", "src") if key in found]
        assert not any(name.startswith("on") or name == "style" for name in found), found
        if tag not in EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in EMPTY:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"{tag} is closed out of turn"


@pytest.fixture(scope="module")
def site(binary: Path, lake: Census, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of both snapshots."""
    out = tmp_path_factory.mktemp("report") / "site"
    printed = execute(binary, "report", "--lake", lake.root, "--out", out, "--dates", "all")
    assert "enerated" in printed
    return out


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def test_pages_refer_to_what_is_there(site: Path) -> None:
    found = {path: Page(path) for path in pages(site)}
    assert len(found) >= 16, "eight sections of two snapshots"
    for path, page in found.items():
        assert len(page.ids) == len(set(page.ids)), f"{path} has an id twice"
        assert not {"script", "style", "iframe", "img"} & set(page.tags), path
        for link in page.links:
            name, _, anchor = link.partition("#")
            target = (path.parent / name).resolve() if name else path
            assert target.is_relative_to(site.resolve()) and target.is_file(), f"{path}: {link}"
            if anchor:
                assert anchor in found[site / target.relative_to(site.resolve())].ids, f"{path}: {link}"


def test_figures_are_drawn_twice_and_have_their_rows(site: Path) -> None:
    drawn = sorted(path.stem for path in (site / "figures").iterdir())
    assert {"entities-1", "geography-1", "sizes-1", "download-distribution-1", "growth-1"} <= set(drawn)
    ids = [name for path in site.glob("*.html") for name in Page(path).ids]
    for name in drawn:
        assert {name, f"{name}-w-t", f"{name}-w-d", f"{name}-n-t", f"{name}-n-d"} <= set(ids)
        given = pyarrow.parquet.read_table(site / f"data/{name}.parquet")
        written = pyarrow.csv.read_csv(site / f"data/{name}.csv")
        assert 0 < given.num_rows == written.num_rows <= 1000
        assert given.column_names == written.column_names


def test_a_figure_has_the_numbers_of_its_table(lake: Census, site: Path) -> None:
    table = pyarrow.parquet.read_table(
        lake.root / f"aggregate/geography/snapshot_date={DATES[1]}/part-00000.parquet",
        filters=[
            ("universe", "=", "all"),
            ("period", "=", "all_time"),
            ("attribution", "=", "publisher"),
            ("level", "=", "continent"),
        ],
    )
    given = pyarrow.parquet.read_table(site / "data/geography-2.parquet")
    assert given.to_pylist() == table.select(given.column_names).to_pylist()


def test_the_size_is_bounded(site: Path) -> None:
    of_one = [path for path in site.rglob("*") if path.is_file() and DATES[0] not in path.parts]
    assert sum(path.stat().st_size for path in of_one) < 25_000_000
    assert (site / "index.html").stat().st_size + (site / "style.css").stat().st_size < 1_500_000


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium, so no page is opened in it")
@pytest.mark.parametrize(("width", "theme"), [(360, 1), (1440, 0)])
def test_chromium_shows_a_page_without_a_complaint(site: Path, tmp_path: Path, width: int, theme: int) -> None:
    picture = tmp_path / "page.png"
    ran = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
            "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr",
            f"--blink-settings=preferredColorScheme={theme}", f"--user-data-dir={tmp_path / 'profile'}",
            f"--window-size={width},2000", f"--screenshot={picture}", f"file://{site / 'who.html'}",
        ],
        capture_output=True, text=True, timeout=60, check=True,
    )
    said = [line for line in ran.stderr.splitlines() if "CONSOLE" in line]
    assert said == []
    assert picture.stat().st_size > 20_000, "more than an empty page"

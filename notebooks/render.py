"""Runs notebooks and writes each as a page: render.py FOLDER [NOTEBOOK]…

A page needs no network: it brings the library that draws its charts, and they can be clicked as in the notebook. The
notebooks themselves are stored without outputs and stay so.
"""

import json
import sys
from pathlib import Path

import nbformat
import vl_convert
from nbclient import NotebookClient
from nbconvert import HTMLExporter

HERE = Path(__file__).resolve().parent
CHART = "application/vnd.vegalite.v5+json"
SECONDS = 600


def executed(path: Path) -> nbformat.NotebookNode:
    """A notebook with what it outputs on the lake that HUBCENSUS_LAKE names."""
    notebook = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(HERE)}}
    NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources=place).execute()
    return notebook


def page(notebook: nbformat.NotebookNode, name: str) -> str:
    charts = 0
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        if chart := output.get("data", {}).get(CHART):
            # A text of the data that ends in </script> would end the element.
            spec = json.dumps(chart, sort_keys=True, ensure_ascii=False).replace("<", "\\u003c")
            drawn = f"vegaEmbed('#chart-{charts}', {spec}, {{mode: 'vega-lite', actions: false}})"
            output["data"] = {"text/html": f'<div id="chart-{charts}"></div><script type="module">{drawn}</script>'}
            charts += 1
    # Neither has any use here, and both would be fetched.
    html, _ = HTMLExporter(mathjax_url="", require_js_url="").from_notebook_node(notebook, {"metadata": {"name": name}})
    if charts:
        bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version="5.20")
        html = html.replace("</head>", f'<script type="module">{bundle}</script></head>', 1)
    return html


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for path in map(Path, sys.argv[2:]) if sys.argv[2:] else sorted(HERE.glob("*.ipynb")):
        written = folder / f"{path.stem}.html"
        written.write_text(page(executed(path), path.stem), encoding="utf-8")
        print(written)


if __name__ == "__main__":
    main()

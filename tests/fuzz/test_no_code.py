"""No file can make mien run code: nothing in the program unpickles, evaluates text, or starts a shell."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BARE = {"eval", "exec", "compile", "__import__", "breakpoint"}
DOTTED = {"os.system", "os.popen", "torch.jit.load", "torch.package.PackageImporter", "yaml.load", "yaml.unsafe_load",
          "marshal.loads", "joblib.load", "pickle.load", "pickle.loads", "shutil.unpack_archive"}
METHODS = {"extractall"}
ONLY_WITH = {"np.load": ("allow_pickle", False), "numpy.load": ("allow_pickle", False),
             "torch.load": ("weights_only", True), "np.lib.format.read_array": ("allow_pickle", False)}
MODULES = {"pickle", "dill", "shelve", "marshal", "joblib", "xmlrpc", "code", "codeop"}


def risks(source: str) -> list[str]:
    """The calls and imports in a source that could run what a file holds."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [f"line {node.lineno}: import {name}" for name in names if name.split(".")[0] in MODULES]
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        given = {word.arg: getattr(word.value, "value", None) for word in node.keywords}
        key, value = ONLY_WITH.get(name, ("", None))
        if (name in BARE or name in DOTTED or name.split(".")[-1] in METHODS or (key and given.get(key) is not value)
                or given.get("shell") is True):
            found.append(f"line {node.lineno}: {name}")
    return found


@pytest.mark.parametrize("source", [
    "eval(x)", "exec(x)", "import pickle", "from pickle import loads", "np.load(f)", "np.load(f, allow_pickle=True)",
    "torch.load(f)", "torch.load(f, weights_only=False)", "subprocess.run(x, shell=True)", "os.system(x)",
    "archive.extractall()", "yaml.load(f)"])
def test_the_search_finds_what_it_is_for(source: str) -> None:
    assert risks(source)


@pytest.mark.parametrize("source", ["network.eval()", "re.compile(x)", "np.load(f, allow_pickle=False)", "app.exec()",
                                    "torch.load(f, weights_only=True)"])
def test_the_search_leaves_the_rest_alone(source: str) -> None:
    assert not risks(source)


def test_no_file_can_make_mien_run_code() -> None:
    floors = ("app", "capture", "solver", "exporters", "assets")
    sources = [path for floor in floors for path in (ROOT / floor).rglob("*.py")]
    assert len(sources) > 100
    found = {str(path.relative_to(ROOT)): risks(path.read_text(encoding="utf-8")) for path in sources}
    assert {place: wrong for place, wrong in found.items() if wrong} == {}

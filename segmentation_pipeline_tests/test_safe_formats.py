"""Nothing of ours loads a format that can carry code: no pickle, from outside the home or from within."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import segmentation_pipeline

PACKAGE = Path(segmentation_pipeline.__file__).parent
UNSAFE_MODULES = {"pickle", "cPickle", "marshal", "shelve", "joblib", "dill", "cloudpickle", "pickletools"}
UNSAFE_CALLS = {"read_pickle", "to_pickle", "eval", "exec", "compile", "__import__"}


def unsafe_uses(source):
    """Names of what a module imports or calls that can run stored code."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] in UNSAFE_MODULES}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in UNSAFE_MODULES:
            found.add(node.module)
        elif isinstance(node, ast.Call):
            found |= unsafe_call(node)
    return found


def unsafe_call(node):
    is_method = isinstance(node.func, ast.Attribute)
    name = node.func.attr if is_method else getattr(node.func, "id", "")
    is_safe_method = is_method and name in {"compile", "eval", "exec"}  # re.compile and its like
    allows_pickle = any(word.arg == "allow_pickle" for word in node.keywords)
    loads_arrays = is_method and name == "load" and getattr(node.func.value, "id", "") in {"np", "numpy"}
    return {name} if (name in UNSAFE_CALLS and not is_safe_method) or allows_pickle or loads_arrays else set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import pickle", {"pickle"}),
        ("def f():\n    from joblib import load", {"joblib"}),
        ("import os, cloudpickle as c", {"cloudpickle"}),
        ("pd.read_pickle(path)", {"read_pickle"}),
        ("np.load(path)", {"load"}),
        ("open_it(path, allow_pickle=True)", {"open_it"}),
        ("eval(text)", {"eval"}),
        ("re.compile(text); json.loads(text)", set()),
    ],
)
def test_the_search_itself_finds_what_it_looks_for(source, found):
    assert unsafe_uses(source) == found


def test_no_module_can_load_code_with_data():
    modules = sorted(PACKAGE.rglob("*.py"))
    assert len(modules) > 50
    unsafe = {str(module.relative_to(PACKAGE)): unsafe_uses(module.read_text(encoding="utf-8")) for module in modules}
    assert {module: uses for module, uses in unsafe.items() if uses} == {}

# The list of cases: each has a name ("file.function[row]"), a function, and its arguments.
# It must not run anything.
import importlib
import pathlib

_cases = {}


def _add(function, name, arguments, slow):
    name = f"{function.__module__.split('.')[-1]}.{name}"
    name = name.encode("unicode_escape").decode()  # a name is one line
    if name in _cases:
        raise ValueError(f"two cases are called {name}")
    _cases[name] = (function, arguments, slow)


def case(function=None, *, slow=False):
    """Registers one function as one case; a slow one (it waits for time-outs) is started early."""
    if function is None:
        return lambda given: case(given, slow=slow)
    _add(function, function.__name__, (), slow)
    return function


def table(rows, slow=False):
    """Registers a function once per row; the first field is the title, if it differs in each."""
    titles = [row[0] for row in rows]
    if len(set(titles)) < len(rows):
        titles = [" ".join(map(str, row)) for row in rows]

    def register(function):
        for title, row in zip(titles, rows):
            _add(function, f"{function.__name__}[{title}]", row, slow)
        return function
    return register


def all_cases():
    """Imports every file of cases/ and gives {name: (function, arguments, slow)}."""
    here = pathlib.Path(__file__).resolve().parent.parent
    for file in sorted((here / "cases").glob("*.py")):
        if file.stem != "__init__":
            importlib.import_module(f"cases.{file.stem}")
    return dict(_cases)

"""Beginning: import, construction, the first reply of a fresh process, and the memory held by then.

Every figure comes from processes of its own, in rounds that take turns. They are kept from httpx: zeep imports it where
it is installed, and would seem slower than it is.
"""

import argparse
import json
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.canned_server import running
from benchmarks.contenders import BINDING_NAMES, WSDL
from benchmarks.measuring import CLIENT_CORE, interpreter, median, pin, spread
from benchmarks.scenario import API_ID, DOCUMENT, PASSWORD, PATHS, TEXT, USER, numbers

_ROOT: Final = Path(__file__).parents[1]
_FURTHER: Final = 50

# Nothing is imported before the clock runs that Python has not imported anyway: it would be free for what comes behind.
_HEAD: Final = """
import os, sys, time
sys.modules["httpx"] = None
def resident_bytes():
    if not os.path.exists("/proc/self/statm"):
        return 0
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
began = time.perf_counter()
"""
_SAID: Final = "import json\nprint(json.dumps(said), flush=True)\n"

_IMPORTS: Final = {
    "import clicksoap": "import clicksoap",
    "from clicksoap import Client": "from clicksoap import Client",
    "import zeep": "import zeep",
}
_IMPORTED: Final = 'said = {"ms": (time.perf_counter() - began) * 1000, "memory": resident_bytes()}\n'

# Both log in and send one message, as a program has to.
_REPLIES: Final = {
    "clicksoap": """
from clicksoap import Client
with Client(api_id, user, password, endpoint=origin) as sms:
    lines = sms.send(to, text).accepted
""",
    "zeep": """
import zeep
client = zeep.Client(wsdl)
service = client.create_service(binding, origin + path)
session = service.auth(api_id=api_id, user=user, password=password).removeprefix("OK: ")
lines = service.sendmsg(session_id=session, to=to, text=text)
""",
}
_REPLIED: Final = 'assert len(lines) == 1\nsaid = {"memory": resident_bytes()}\n'

_CONSTRUCTIONS: Final = {
    "clicksoap": """
from clicksoap import Client
from clicksoap.protocol.bindings.soap import bundled
from clicksoap.contract import Dialect
made = lambda: Client(api_id, user, password, endpoint=origin)
compiled = lambda: bundled(Dialect.DOCUMENT_LITERAL)
""",
    "zeep": """
import zeep
made = lambda: zeep.Client(wsdl)
compiled = lambda: None
""",
}
# zeep reads the WSDL while it makes a client; ours is read on first use, so that is counted in.
_CONSTRUCTED: Final = f"""
before = time.perf_counter()
kept = [made()]
compiled()
first = (time.perf_counter() - before) * 1000
memory, before = resident_bytes(), time.perf_counter()
kept += [made() for _ in range({_FURTHER})]
further = (time.perf_counter() - before) * 1000 / {_FURTHER}
said = {{"ms": first, "further": further, "memory": (resident_bytes() - memory) / {_FURTHER}}}
"""


# What `from clicksoap import Client` does once all is imported that zeep needs for its first client, too.
_INSIDE: Final = """
import collections, dataclasses, enum, json, secrets, signal, sys, time, typing
sys.modules["httpx"] = None
import zeep.helpers, zeep.wsa, zeep.wsdl.bindings
spent = collections.Counter()
def timed(kind, function):
    def call(*positional, **named):
        began = time.perf_counter()
        try:
            return function(*positional, **named)
        finally:
            name = f": {positional[0].__name__}" if kind == "dataclasses" else ""
            spent[kind + name] += time.perf_counter() - began
    return call
dataclasses._process_class = timed("dataclasses", dataclasses._process_class)
enum.EnumType.__new__ = timed("enums", enum.EnumType.__new__)
typing.NamedTupleMeta.__new__ = staticmethod(timed("named tuples", typing.NamedTupleMeta.__new__))
import re
re._compile = timed("regular expressions", re._compile)
before, began = len(sys.modules), time.perf_counter()
from clicksoap import Client
spent["all"] = time.perf_counter() - began
print(json.dumps([len(sys.modules) - before, spent]))
"""


def inside(rounds: int = 15) -> str:
    """What the import of `Client` spends its time with, on top of zeep's: medians of fresh processes."""
    pin(CLIENT_CORE)
    found: dict[str, list[float]] = {}
    modules = 0
    for _ in range(rounds):
        done = subprocess.run([*interpreter(), "-c", _INSIDE], cwd=_ROOT, capture_output=True, text=True, check=True)
        modules, spent = json.loads(done.stdout)
        of_classes = [value for name, value in spent.items() if name.startswith("dataclasses")]
        for name, value in {**spent, f"{len(of_classes)} dataclasses": sum(of_classes)}.items():
            found.setdefault(name, []).append(value * 1000)
    lines = sorted(((median(values), name) for name, values in found.items()), reverse=True)
    return "\n".join([f"{modules} modules", *(f"{value:6.1f} ms  {name}" for value, name in lines)])


@dataclass(frozen=True)
class Beginning:
    """What one program did, process by process.

    Attributes:
        name: What it did.
        milliseconds: How long it took.
        further: Of a construction: milliseconds of each client after the first.
        memory: Bytes that the process held at its end; of a construction, those of each further client.
    """

    name: str
    milliseconds: list[float] = field(default_factory=list)
    further: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    def show(self) -> str:
        """A line of a table."""
        further = f", each further one {median(self.further):.3f} ms" if self.further else ""
        return (
            f"  {self.name:36} {median(self.milliseconds):8.1f} ms{further}"
            f" {median(self.memory) / 1024:9.0f} KiB, spread {spread(self.milliseconds):.0%}"
        )


def startup(*, quick: bool) -> list[Beginning]:
    """All beginnings."""
    rounds = 3 if quick else 15
    pin(CLIENT_CORE)
    with running() as port:
        values = {
            "api_id": API_ID,
            "user": USER,
            "password": PASSWORD,
            "origin": f"http://127.0.0.1:{port}",
            "path": PATHS[DOCUMENT],
            "wsdl": str(WSDL / f"{DOCUMENT}.wsdl"),
            "binding": BINDING_NAMES[DOCUMENT],
            "to": numbers(1),
            "text": TEXT,
        }
        given = "".join(f"{name} = {value!r}\n" for name, value in values.items())
        programs = {
            **{name: _HEAD + code + "\n" + _IMPORTED for name, code in _IMPORTS.items()},
            **{f"first client, {name}": _HEAD + given + code + _CONSTRUCTED for name, code in _CONSTRUCTIONS.items()},
            **{f"first reply, {name}": _HEAD + given + code + _REPLIED for name, code in _REPLIES.items()},
        }
        found = {name: Beginning(name) for name in programs}
        for turn in range(rounds + 1):
            for name, program in programs.items():
                whole, said = _run(program + _SAID)
                if turn:  # the first round writes bytecode and fills the file cache
                    found[name].milliseconds.append(said.get("ms", whole))
                    found[name].memory.append(said["memory"])
                    if "further" in said:
                        found[name].further.append(said["further"])
    return list(found.values())


def _run(program: str) -> tuple[float, dict[str, float]]:
    """Milliseconds from the start of a process until it has said its figures, and these."""
    began = time.perf_counter()
    with subprocess.Popen([*interpreter(), "-c", program], cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout is not None else ""
            whole = (time.perf_counter() - began) * 1000
            said: dict[str, float] = json.loads(line)
            process.wait(timeout=60)
        finally:
            process.kill()
    return whole, said


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it works")
    parser.add_argument("--inside", action="store_true", help="what the import of Client spends its time with")
    chosen = parser.parse_args()
    if chosen.inside:
        print(inside())
    else:
        for beginning in startup(quick=chosen.quick):
            print(beginning.show())

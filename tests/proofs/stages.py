"""The stages of ``make proof``: their programs, and the files that each speaks of."""

from dataclasses import dataclass
from typing import Final

from tests.proofs.mutants.modules import MODULES


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is done.

    Attributes:
        requests: How many damaged requests the fuzzer sends.
        replies: How many damaged replies both clients meet.
        callbacks: How many damaged callbacks the receiver gets.
        mutants: How many mutants of each module are tried.
        messages: How many messages the simulator gets in large requests.
        minutes: How long it gets single calls.
        capacity: How many messages and exchanges it stores; its memory is full once it has got so many.
        examples: How many times as many examples the properties are tried with as they say.
    """

    requests: int
    replies: int
    callbacks: int
    mutants: int
    messages: int
    minutes: float
    capacity: int
    examples: int

    def environment(self) -> dict[str, str]:
        """What the tests read."""
        return {
            "MUTANTS": str(self.requests),
            "REPLIES": str(self.replies),
            "CALLBACK_MUTANTS": str(self.callbacks),
            "CODE_MUTANTS": str(self.mutants),
            "EXAMPLES": str(self.examples),
        }


SHORT: Final = Extent(
    requests=10_000,
    replies=20_000,
    callbacks=2_000,
    mutants=3,
    messages=30_000,
    minutes=0.75,
    capacity=2_000,
    examples=1,
)
LONG: Final = Extent(
    requests=200_000,
    replies=1_000_000,
    callbacks=50_000,
    mutants=30,
    messages=200_000,
    minutes=10,
    capacity=10_000,
    examples=5,
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of ``make proof``.

    Attributes:
        name: Its name, for ``STAGES=``.
        command: The arguments of Python.
        proves: The files and folders that it speaks of: with a change of these, its figures are old.
        is_short: Whether a short run has it, too.
    """

    name: str
    command: list[str]
    proves: list[str]
    is_short: bool = True


_CORE: Final = [
    "clicksoap/protocol",
    "clicksoap/transports",
    "clicksoap/client.py",
    "clicksoap/async_client.py",
    "clicksoap/errors.py",
    "clicksoap/results.py",
]
_OUTCOMES: Final = ["tests/proofs/test_fault_matrix.py", "tests/proofs/test_nine_hundred.py"]
_PROPERTIES: Final = ["tests/properties", "tests/options/test_counting.py", "tests/outbox/campaigns/test_recipients.py"]


def _programs(*names: str) -> list[str]:
    """The files of programs that the proofs of the outbox run."""
    return [f"tests/outbox/proofs/{name}.py" for name in names]


_OF_OUTBOX: Final = [*_CORE, "clicksoap/outbox", *_programs("gateway", "staging", "restoring")]
_OUTBOX: Final = [
    *_OF_OUTBOX,
    *_programs("killing", "interrupting", "dead", "campaigns"),
    "tests/outbox/test_kill_proof.py",
]
_OF_MACHINES: Final = "tests/outbox/engines"
_ENGINES: Final = [
    *_OF_OUTBOX,
    *_programs("engines", "celery_app", "procrastinate_app", "upgrading", "failing_over", "plain_worker", "programs"),
    *(f"{_OF_MACHINES}/test_{name}.py" for name in ("kill_proof", "upgrade", "fail_over")),
]


def stages(extent: Extent, processes: str, figures: str, seed: str) -> list[Stage]:
    """Every stage.

    Args:
        extent: How much is done.
        processes: How many processes run the tests.
        figures: The file into which the load writes its figures.
        seed: The seed of the properties.
    """
    proof = ["pytest", "-q", "-m", "proof", "-n"]
    livez = "tests/proofs/test_livez.py"
    load = ["benchmarks.simulator", "--strict", f"--figures={figures}"]
    load += [f"--minutes={extent.minutes}", f"--messages={extent.messages}", f"--capacity={extent.capacity}"]
    return [
        Stage("outcomes", [*proof, processes, *_OUTCOMES], [*_CORE, *_OUTCOMES]),
        Stage(
            "statuses",
            [*proof, processes, "-rP", "tests/sending/test_statuses.py"],
            [*_CORE, "docs/explanation/outcomes.md", "tests/sending/test_statuses.py"],
        ),
        # These are tried in every run of the tests as well, with fewer examples.
        Stage(
            "properties",
            ["pytest", "-q", "-n", processes, f"--hypothesis-seed={seed}", *_PROPERTIES],
            ["clicksoap/protocol", "clicksoap/text.py", "clicksoap/msisdn.py", *_PROPERTIES],
        ),
        Stage("documents", [*proof, processes, "tests/docs"], ["docs", "README.md", "tests/docs"]),
        Stage("interruptions", [*proof, processes, "tests/transports"], [*_CORE, "tests/transports"]),
        # One after another: a run is several workers, a database and a gateway.
        Stage("outbox", [*proof, processes, "-rP", f"--ignore={_OF_MACHINES}", "tests/outbox"], _OUTBOX),
        Stage("engines", [*proof, "0", "-rP", _OF_MACHINES], _ENGINES),
        Stage("fuzzer", [*proof, processes, "tests/fuzzing"], [*_CORE, "clicksoap/simulator", "tests/fuzzing"]),
        Stage("callbacks", [*proof, processes, "tests/callbacks"], ["clicksoap/callbacks", "tests/callbacks"]),
        Stage("mutants", ["tests.proofs.mutants"], sorted({file for module in MODULES for file in module.files})),
        # By itself, because it measures times.
        Stage("livez", [*proof, "0", livez], ["clicksoap/simulator", livez]),
        Stage("load", load, ["clicksoap/simulator", "benchmarks/simulator.py"]),
        # ``make test`` has just run the tests of these two, without tracing.
        Stage("coverage", ["tests.proofs.coverage"], ["clicksoap"], is_short=False),
        Stage(
            "foreign programs",
            ["pytest", "-q", "-n", processes, "tests/foreign"],
            [*_CORE, "clicksoap/service.py", "clicksoap/simulator", "wsdl", "tests/foreign"],
            is_short=False,
        ),
    ]

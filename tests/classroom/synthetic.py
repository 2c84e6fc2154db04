"""Reports made up for tests of pages: of the real course's questions, and of nobody's work."""

import random

from autograder.common.results import BrokenLimit, Outcome, QuestionResult, Status
from autograder.common.showing.exhibits import Accuracy, Confusion, Curve, Exhibit, Layer, Mistake, Network
from tests.hand_built import report_of

VERSIONS = {"keras": "3.15.1", "numpy": "2.3.5", "tensorflow": "2.21.0"}
HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\u2028'\"`${1}`"
)


def dense(units, activation, parameters, **fields):
    return Layer(
        type="Dense", units=units, activation=activation, output_shape=(None, units), parameters=parameters, **fields
    )


def network(units=100, activation="sigmoid", differs=False):
    first, last = 784 * units + units, units * 10 + 10
    layers = (
        dense(units, activation, first, name="hidden", differs=differs),
        dense(10, "softmax", last, name="output"),
    )
    return Network(name="model", input_shape=(None, 784), layers=layers, parameters=first + last)


def asked(differs=True):
    return Network(
        name="model",
        layers=(
            Layer(type="Dense", units=100, activation="sigmoid", differs=differs), Layer(type="Dense", units=10, activation="softmax"),
        ),
    )  # fmt: skip


def curve(final=0.87, name="model", optimizer="RMSprop(learning_rate=0.001)", epochs=5):
    share = [1 - 0.5**epoch for epoch in range(1, epochs + 1)]
    history = {
        "loss": tuple(round(1.1 - 0.75 * s, 4) for s in share),
        "accuracy": tuple(round(final - 0.2 + 0.22 * s, 4) for s in share),
        "val_loss": tuple(round(1.0 - 0.6 * s, 4) for s in share),
        "val_accuracy": tuple(round(final - 0.15 + 0.15 * s, 4) for s in share),
    }
    return Curve(network=name, optimizer=optimizer, epochs=epochs, history=history)


MISTAKES = tuple(Mistake(row=row, label=label, predicted=other) for row, label, other in
                 ((12, 6, 0), (40, 4, 2), (77, 2, 6), (103, 9, 7), (200, 0, 6), (201, 5, 7)))  # fmt: skip


CONFUSION = Confusion(
    network="model", split="holdout",
    counts=tuple(tuple(80 if a == b else 24 if (a, b) == (6, 0) else (a * b) % 7 for b in range(10)) for a in range(10)),
)  # fmt: skip


def exhibit_for(checks, measured, right):
    """An exhibit as the judge would make one for these checks."""
    kinds = {check.type for check in checks if not check.hidden}
    fields = {}
    if "layers" in kinds:
        fields["networks"] = (network() if right else network(50, "relu", differs=True),)
        fields["expected"] = () if right else (asked(),)
    if kinds & {"trained_on", "accuracy"}:
        fields["curves"] = (curve(measured),)
    if "evaluations" in kinds:
        names = ("sgd", "sgd_0.1", "nesterov", "adagrad", "rmsprop", "adam")
        finals = (0.848, 0.868, 0.876, 0.80, 0.871, 0.875)
        fields["curves"] = tuple(curve(f, n, n.upper()) for n, f in zip(names, finals, strict=True))
    for check in checks:
        if check.type == "accuracy" and not check.hidden:
            split, at_least = check.split, check.at_least
            fields["accuracies"] = (Accuracy(network="model", split=split, measured=measured, at_least=at_least),)
            fields["mistakes"], fields["confusion"] = MISTAKES, CONFUSION
    return Exhibit(**fields) if fields else None


def report(course, student, assignment, failing=(), undecided=(), missing=(), measured=0.8712, **fields):
    """A report: `failing` and `undecided` name checks (``question.check``), `missing` questions that were not handed in."""
    questions = []
    for key, question in course.assignment(assignment).questions.items():
        outcomes = []
        for check in question.checks:
            place = f"{key}.{check.id}"
            status = Status.PASSED
            status = Status.FAILED if place in failing or key in missing else status
            status = Status.UNDECIDED if place in undecided else status
            told = status is Status.FAILED and key not in missing
            outcomes.append(
                Outcome(
                    check=check.id, title=check.heading("en"), status=status, out_of=check.points, hidden=check.hidden,
                    points=check.points if status is Status.PASSED else 0.0,
                    expected="what is asked for" if told and not check.hidden else "",
                    actual="what was found" if told else "not looked at" if status is Status.UNDECIDED else "",
                    hint=f"A hint on `{check.id}`: look again." if told else "",
                )
            )  # fmt: skip
        right = all(outcome.status is Status.PASSED for outcome in outcomes)
        problem, hint = (
            ("This question was not answered.", "Write your code where it says so.") if key in missing else ("", "")
        )
        questions.append(
            QuestionResult(
                question=key, title=question.title.in_language("en"), out_of=question.points, outcomes=tuple(outcomes), problem=problem, hint=hint,
                exhibit=None if key in missing else exhibit_for(question.checks, measured, right),
            )
        )  # fmt: skip
    facts = {"submission": "0" * 64, "course": "1" * 64, "versions": VERSIONS, **fields}
    return report_of(*questions, student=student, assignment=assignment, **facts)


def stopped(course, student="dana"):
    """A notebook that broke limits."""
    breaks = (
        BrokenLimit(cell=6, limit="cell_seconds", sentence="Cell 7 was stopped after 900 s."),
        BrokenLimit(
            cell=9, limit="memory", sentence="Cell 10 broke a limit (memory: 6,144 MB), so the notebook ended there."
        ),
    )
    restored = "The check cell of 'model' was changed; its original text was restored."
    notes = (restored, *(broken.sentence for broken in breaks))
    missing = ("train", "steps", "accuracy")
    return report(course, student, "two_layer", missing=missing, notes=notes, breaks=breaks)


def classroom(course, students=30, assignments=("two_layer", "deep", "optimizers"), seed=7):
    """A class: able and less able students, checks of different difficulty, a few undecided and a few missing submissions."""
    draw = random.Random(seed)
    found = []
    checks = {
        name: [f"{key}.{check.id}" for key, q in course.assignment(name).questions.items() for check in q.checks]
        for name in assignments
    }
    hard = {place: draw.uniform(0.02, 0.5) for name in assignments for place in [*checks[name]]}
    for number in range(students):
        able = draw.gauss(0, 1)
        for name in assignments:
            if draw.random() < 0.06:
                continue
            failing = {place for place in checks[name] if draw.random() < hard[place] - 0.12 * able}
            undecided = set(draw.sample(checks[name], 1)) if draw.random() < 0.05 else set()
            measured = round(min(0.89, max(0.6, draw.gauss(0.865 + 0.008 * able, 0.012))), 4)
            found.append(report(course, f"student-{number + 1:02}", name, failing, undecided, (), measured))
    return found

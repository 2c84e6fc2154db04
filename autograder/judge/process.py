"""The judge: a process that never runs student code. It trains, evaluates, takes what is handed in, and decides.

Run as ``python -m autograder.judge.process COURSE``. Its worker speaks to it over stdin and stdout, a JSON document a line; the kernel
over a Unix socket that exists for one submission only, so a message needs no identity that could be forged.

::

    worker: {"do": "begin", "assignment": ..., "socket": path, "language": ..., "work": path, "avoid": [...]}   -> {"ready": true}
    worker: {"do": "networks"}                                   -> {"networks": [...]}, for `autograder calibrate`
    worker: {"do": "end", "language": ..., "keep": path}         -> {"questions": [...], "fits": ..., "trained": ..., "seconds": {...}}
    worker: {"do": "rejudge", "handins": path}                   -> {"questions": [...], "cannot": {...}, "measured": ...}
    worker: {"do": "stop"}                                       -> the process ends
"""

from __future__ import annotations

import json
import logging
import os
import select
import selectors
import socket
import sys
import time
import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from autograder.common.errors import AutograderError
from autograder.common.files import bytes_of
from autograder.common.i18n import _, speaking
from autograder.common.machine.confined import MB, in_use, limit
from autograder.common.wire import handins, protocol
from autograder.course.course import Course, load
from autograder.judge.rejudge import rejudge
from autograder.judge.session import Session, refusal
from autograder.judge.variations import examine
from autograder.networks.lab import CourseLab
from autograder.networks.memo import Memo
from autograder.networks.own_files import require_own_files
from autograder.networks.size import Size
from autograder.networks.train import settle

log = logging.getLogger("autograder.judge.process")
# That it may take for what it is asked, beyond what it begins with: budget.py lets nobody ask for more.
MEMORY_MB = 4096


class Judge:
    """One submission at a time: `begin` opens a socket for its kernel, `end` closes it and returns the outcomes."""

    def __init__(self, course: Course, memo: Memo) -> None:
        self.course, self.memo = course, memo
        self.labs = [CourseLab(data, course.root, memo) for data in course.all_data]
        self.lab = self.labs[0]  # of the assignment at hand
        self._imported = False
        self.session: Session | None = None
        self.language = course.language
        self.listener: socket.socket | None = None
        self.tight = 0  # bytes: a judge that holds so much when a submission ends, leaves

    def limit_memory(self, megabytes: int) -> None:
        """From now on it can't have more than so much: what asks for it fails, or ends this process, and no other one.

        The address space says nothing, TensorFlow maps much more than it uses: what is written to is counted (RLIMIT_DATA).
        """
        if sys.platform != "win32":
            import resource

            begun = in_use("VmData")
            limit(resource.RLIMIT_DATA, begun + megabytes * MB)
            self.tight = begun + megabytes * MB * 3 // 4

    def import_tensorflow(self, megabytes: int) -> None:
        """When something is to be trained or measured that the memo doesn't know: judging a class again mostly does without.

        What the import takes is no network's, so it is beyond the limit.
        """
        if self._imported:  # for another data set
            return
        self._imported = True
        if sys.platform != "win32":
            import resource

            _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
            resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
        settle()
        self.limit_memory(megabytes)

    @property
    def leaves(self) -> bool:
        """Whether a fresh judge should do the next submission: this one might lack memory, for no fault of its student's."""
        return 0 < self.tight < in_use("VmData")

    def begin(
        self, assignment: str, path: Path, language: str, work: Path | None = None, avoid: Sequence[Sequence[int]] = ()
    ) -> None:
        """Open `path` for the kernel of one submission, and speak `language` to it.

        The file `work` says at any time which network this process works on, in case that it dies of it; for what is as large as one
        of `avoid` nothing is done.
        """
        self.close()
        self.take(assignment)
        path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        path.chmod(0o666)  # the kernel may run as another user; the folder around it decides who gets here
        self.listener.listen(8)
        self.session = Session(self.course, assignment, self.lab, self.memo, avoid=avoid, busy=partial(_note, work))
        self.language = language
        self.lab.asked = handins.Measured()

    def take(self, assignment: str) -> CourseLab:
        """The lab of what `assignment` is on. Raises CourseError where there is no such assignment."""
        self.lab = self.labs[self.course.all_data.index(self.course.on(assignment).data)]
        return self.lab

    def serve_one(self) -> None:
        """Answer one request of the kernel. Nothing that a kernel sends raises here."""
        assert self.listener is not None and self.session is not None
        connection, _address = self.listener.accept()
        with connection, speaking(self.language):
            try:
                document, frames = protocol.receive(connection, self.lab.stop, self.session.admit)
                answer, arrays = self.session.answer(document, frames)
            except AutograderError as error:
                answer, arrays = refusal(error)
            except Exception as error:  # the grader's fault, not the student's: the kernel goes on by itself
                log.error("a request failed:\n%s", traceback.format_exc())
                answer, arrays = (
                    {"type": "cannot", "reason": _("the grader failed: {kind}", kind=type(error).__name__)},
                    (),
                )
            try:
                protocol.send(connection, answer, arrays, self.lab.stop)
            except OSError as error:
                log.warning("an answer could not be sent: %s", error)

    def end(self, language: str, keep: Path | None) -> dict[str, Any]:
        """The outcomes; what was handed in goes to the file `keep`: it is megabytes."""
        session = self.session
        if session is None:
            raise AutograderError(_("no submission was begun"))
        self.close()
        started = time.perf_counter()
        questions = [result.model_dump(mode="json") for result in session.results(language)]
        if keep is not None:
            try:
                keep.write_bytes(handins.pack(session.keep()))
            except Exception as error:  # a full disk, say: then a change of course.yml needs the notebook again
                log.warning("hand-ins could not be kept: %s", error)
                keep.unlink(missing_ok=True)
        session.busy(None)
        session.spent("decide", time.perf_counter() - started)
        return {
            "questions": questions,
            "fits": session.fits,
            "trained": session.trained_now,
            "seconds": session.seconds,
            "leaves": self.leaves,
        }

    def networks(self) -> list[dict[str, Any]]:
        """The networks that checks with thresholds look at, as they were trained: what `autograder calibrate` repeats."""
        if self.session is None:
            raise AutograderError(_("no submission was begun"))
        return examine(self.session)

    def rejudge(self, path: Path) -> dict[str, Any]:
        """Decide again what was handed in earlier: the file at `path` is what `end` wrote, completed by the worker."""
        kept = handins.unpack(bytes_of(path))
        again = rejudge(kept, self.course, self.take(kept.document.assignment), self.memo)
        questions = [result.model_dump(mode="json") for result in again.questions]
        return {"questions": questions, "cannot": again.cannot, "measured": again.measured.model_dump_json()}

    def close(self) -> None:
        if self.listener is not None:
            path = self.listener.getsockname()
            self.listener.close()
            Path(path).unlink(missing_ok=True)
        self.listener, self.session = None, None

    def command(self, line: str) -> dict[str, Any] | None:
        """Do what the worker asks; None to stop."""
        order = json.loads(line)
        try:
            match order["do"]:
                case "begin":
                    path, work = Path(order["socket"]), Path(order["work"])
                    self.begin(order["assignment"], path, order["language"], work, order["avoid"])
                    return {"ready": True}
                case "networks":
                    return {"networks": self.networks()}
                case "end":
                    return self.end(order["language"], Path(order["keep"]) if order.get("keep") else None)
                case "rejudge":
                    return self.rejudge(Path(order["handins"]))
                case "stop":
                    return None
        except AutograderError as error:
            return {"error": str(error), "remedy": error.remedy}
        except OSError as error:
            return {"error": _("the judge can't read a file: {error}", error=error)}
        return {"error": _("unknown order {order!r}", order=order["do"])}

    def run(self, orders: TextIO, answers: TextIO) -> None:
        """Serve the worker and the kernel in turn until the worker goes."""
        # The worker speaks up when the notebook has ended: then nobody waits for a training any more.
        for lab in self.labs:
            lab.stop = lambda: bool(select.select([orders], [], [], 0)[0])
        with selectors.DefaultSelector() as selector:
            selector.register(orders, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _events in selector.select()}
                if orders in ready:
                    if self.listener is not None:
                        selector.unregister(self.listener)
                    line = orders.readline()
                    reply = self.command(line) if line else None
                    if reply is None:
                        self.close()
                        return
                    if self.listener is not None:
                        selector.register(self.listener, selectors.EVENT_READ)
                    answers.write(json.dumps(reply) + "\n")
                    answers.flush()
                    if reply.get("leaves"):
                        return
                elif ready:
                    self.serve_one()


def _note(work: Path | None, net: Size | None) -> None:
    if work is not None:
        work.write_text(json.dumps([net.parameters, net.values] if net else []))


def _tell(answers: TextIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def ready(file: Path, memo: Memo, megabytes: int = MEMORY_MB) -> Judge:
    """A judge under the course in `file`, which has read all that its assignments are on. Raises AutograderError where that can't be."""
    judge = Judge(load(file), memo)
    for name in judge.course.assignments:
        require_own_files(judge.course, name, judge.take(name))
    for lab in judge.labs:
        lab.prepare = partial(judge.import_tensorflow, megabytes)
        lab.data, lab.prepared  # noqa: B018 - before the first submission waits for them
    return judge


def main() -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Libraries print to stdout: keep the worker's channel to ourselves.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    folder = os.environ.get("AUTOGRADER_MEMO_FOLDER")
    megabytes = int(os.environ.get("AUTOGRADER_JUDGE_MB") or MEMORY_MB)
    try:
        judge = ready(Path(sys.argv[1]), Memo(Path(folder) if folder else None), megabytes)
    except AutograderError as error:
        # Of the course's files: its own words are the answer, and its folder here is nobody's.
        log.error("%s %s", error, error.remedy)
        here = f"{Path(sys.argv[1]).parent}{os.sep}"
        _tell(answers, {"error": str(error).replace(here, ""), "remedy": error.remedy})
        return
    judge.limit_memory(megabytes)
    if judge.course.networks and judge.memo.is_new:  # while the sandbox does so, not while the first notebook waits
        judge.import_tensorflow(megabytes)
    _tell(answers, {"up": True})
    # Unbuffered: select() must not miss a line that sits in a buffer.
    judge.run(os.fdopen(os.dup(0), "r", buffering=1), answers)


if __name__ == "__main__":
    main()

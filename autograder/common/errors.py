"""Every error that the package raises on purpose.

::

    AutograderError               what went wrong, and the remedy; never a traceback for the user
    ├── CourseError               course.yml is missing or wrong: names file, key path, value and what is allowed
    ├── DataError                 A data set can't be found, read or verified
    ├── SubmissionError           a submitted file can't be read as a notebook (the student's side)
    │   └── Unreadable            or not at the moment, for what the machine says (the grader's side): undecided
    ├── ProtocolError             a message from a kernel is malformed, too large or out of order
    ├── CannotRebuild             a network holds something outside the allow-list: undecided, not wrong
    ├── GraderFault               code of ours failed in a student's kernel: undecided, and never the student's mistake
    ├── CannotTrainHere           the judge leaves this training to the kernel: the reason says why
    │   └── OtherData             because it is on so many samples of data that are not the course's
    ├── SandboxError              the sandbox can't start or died
    │   └── MachineLow            the machine had no memory left under a notebook: another time will do
    ├── ReleaseError              a source notebook can't be released
    ├── ReportError               a report is missing, damaged or somebody else's
    ├── CollectError              a source of submissions, a roster or what was collected before can't be read or written
    ├── JournalError              results can't be written (a full or read-only disk), or another run is writing them
    ├── EngineError               no worker can be had, or all of them were lost or refused
    └── GradebookError            the gradebook can't be opened or doesn't fit the course

Exceptions of other libraries are translated into these once, where they enter.
"""

from __future__ import annotations


class AutograderError(Exception):
    """Base of all: ``str(error)`` is a sentence for the user; `remedy` says what to do about it.

    `misused`: what was asked for can't be: a command ends with the code of wrong use.
    """

    def __init__(self, message: str, remedy: str = "", *, misused: bool = False) -> None:
        super().__init__(message)
        self.remedy, self.misused = remedy, misused


class CourseError(AutograderError):
    pass


class DataError(AutograderError):
    pass


class SubmissionError(AutograderError):
    pass


class Unreadable(SubmissionError):
    pass


class ProtocolError(AutograderError):
    pass


class CannotRebuild(AutograderError):
    pass


class GraderFault(AutograderError):
    @classmethod
    def of(cls, error: Exception) -> GraderFault:
        return error if isinstance(error, cls) else cls(f"{type(error).__name__}: {error}"[:300])


class CannotTrainHere(AutograderError):
    pass


class OtherData(CannotTrainHere):
    def __init__(self, message: str, samples: int) -> None:
        super().__init__(message)
        self.samples = samples


class SandboxError(AutograderError):
    pass


class MachineLow(SandboxError):
    pass


class ReleaseError(AutograderError):
    pass


class ReportError(AutograderError):
    pass


class CollectError(AutograderError):
    pass


class GradebookError(AutograderError):
    pass


class JournalError(AutograderError):
    pass


class EngineError(AutograderError):
    pass

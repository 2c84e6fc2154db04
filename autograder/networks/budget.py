"""What one submission may ask of the judge, in multiplications: each training and measurement is paid for before it starts.

Whether the memo knows a result already changes nothing, so that what a student gets never depends on what others did. Deciding has a share of
its own, which no notebook can use up: it is paid for in the same way when the same hand-ins are judged again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from autograder.common.errors import CannotRebuild
from autograder.common.i18n import _
from autograder.networks.size import Size

TRAINING = 3 * 10**13  # of a notebook's fit and evaluate together: as long as a notebook may take
EPOCH = 3 * 10**12  # one is never given up once it has begun: 5 minutes
DECIDING = 5 * 10**12  # of all checks together: 8 minutes
ESTIMATORS = 20  # different ones of scikit-learn that are fitted again, each within limits of its own (estimators.py)
BATCH_VALUES = 120_000_000  # outputs of all layers for one batch of a training: 0.5 GB of float32, and as much again on the way back
MEASURED_VALUES = 100_000_000  # of a measurement, whose batches are as small as need be
BACKWARD = 3  # a step of a training, in passes forward
UPDATE = 16  # of a weight by an optimizer, in multiplications
STEP = 200_000  # what a step takes by itself, in multiplications: 20 microseconds
COMPILED = 2 * 10**10  # a network that wasn't seen before: 2 seconds
CONVOLUTION = 10**9  # and for each convolution: 56 took 6 seconds until they trained
PROGRAMS = 12  # compiled ones that a judge keeps at least: what is older is compiled again


@dataclass
class Budget:
    """What is left of both shares. `parameters`: of the largest network that the course allows.

    `avoid`: parameters and values of networks that judges died of; what is as large isn't begun again. `begins` is told of each network
    that is paid for.
    """

    parameters: int
    training: int = TRAINING
    deciding: int = DECIDING
    estimators: int = ESTIMATORS
    avoid: Sequence[Sequence[int]] = ()
    begins: Callable[[Size], object] = lambda net: None
    programs: list[Hashable] = field(default_factory=list)

    def train(
        self, net: Size, *, rows: int, validated: int, epochs: int, batch_size: int, program: Hashable = None
    ) -> None:
        """Pay for a training, and for compiling it unless `program` was just trained. Raises CannotRebuild, with the reason, for one that is too large."""
        self._fits(net)
        if net.values * min(batch_size, rows) > BATCH_VALUES:
            raise CannotRebuild(_("the network is too large for such a batch"))
        steps = -(-rows // batch_size)
        turning = BACKWARD * net.turns * STEP  # a turn of a loop is as a step: small, and by itself
        epoch = BACKWARD * net.cost * rows + steps * (UPDATE * net.parameters + STEP + turning) + net.cost * validated
        compiling = 0 if program in self.programs else COMPILED + CONVOLUTION * net.convolutions
        if epoch > EPOCH or epoch * epochs + compiling > self.training:
            raise CannotRebuild(_("the trainings of this notebook are too long in all for the grader"))
        self.training -= epoch * epochs + compiling
        self.programs = [program, *(one for one in self.programs if one != program)][:PROGRAMS]
        self.begins(net)

    def evaluate(self, net: Size, samples: int) -> None:
        """Pay for what a notebook measures. Raises CannotRebuild as `train` does."""
        self._fits(net)
        if net.cost * samples > min(EPOCH, self.training):
            raise CannotRebuild(_("the trainings of this notebook are too long in all for the grader"))
        self.training -= net.cost * samples
        self.begins(net)

    def decide(self, net: Size, samples: int) -> None:
        """Pay for what a check wants to know. Raises CannotRebuild where the network is too large for that."""
        self._fits(net)
        if net.cost * samples + COMPILED > self.deciding:
            raise CannotRebuild(_("measuring the networks of this notebook takes too long in all for the grader"))
        self.deciding -= net.cost * samples + COMPILED
        self.begins(net)

    def estimate(self) -> None:
        """Pay for an estimator that is fitted again. Raises CannotRebuild where there were too many."""
        if not self.estimators:
            raise CannotRebuild(_("these are more estimators than the grader fits again for one notebook"))
        self.estimators -= 1

    def _fits(self, net: Size) -> None:
        if any(net.parameters >= parameters and net.values >= values for parameters, values in self.avoid):
            raise CannotRebuild(_("the grader died of this network, twice"))
        if net.parameters > self.parameters:
            raise CannotRebuild(
                _(
                    "the network has {parameters:,} parameters, and the grader trains up to {allowed:,}",
                    parameters=net.parameters,
                    allowed=self.parameters,
                )
            )

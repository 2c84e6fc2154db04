"""What happens to ``fit`` and ``evaluate`` while a notebook is graded: the judge trains, inside Keras's own loops.

Where a call is nothing for the judge, Keras gets its arguments as they are. (At home Keras does its work: home/.)
"""

from __future__ import annotations

import operator
from contextlib import suppress
from functools import partial
from typing import Any

from autograder.common.errors import CannotTrainHere, OtherData
from autograder.common.i18n import _
from autograder.common.wire import protocol
from autograder.common.wire.description import DataRecord, FitRecord
from autograder.common.wire.messages import TrainedHere, dump
from autograder.kernel.describing.describe_compile import describe_compile
from autograder.kernel.describing.describe_things import describe_callbacks
from autograder.kernel.describing.plain import is_one_of
from autograder.kernel.describing.weights import digest_of, remember_initial_values
from autograder.kernel.graded import keras_itself
from autograder.kernel.graded.fit_arguments import BATCH_SIZE, asked_for, callbacks_of, evaluated
from autograder.kernel.graded.judged_epochs import EvaluationEpochs, Known, TrainingEpochs
from autograder.kernel.graded.keras_loops import expected, install_loops, judged_by, judged_steps, keras_steps
from autograder.kernel.graded.predict import predict
from autograder.kernel.graded.traced import as_it_was
from autograder.kernel.in_place import Steps, below_handler
from autograder.kernel.keras_methods import Trainings, replace
from autograder.kernel.object_notes import replacements


class JudgeClient(Trainings):
    """While grading: asks the judge at the socket `address`; what it can't take on runs here, as written."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self._known = Known()

    def install(self) -> None:
        import keras

        if not replacements.get(keras.Model.predict):
            replace("predict", partial(predict, below_handler(keras.Model.predict)))
        super().install()
        install_loops()
        remember_initial_values()
        keras_itself.note()

    def _ask(self, request: Any) -> tuple[dict[str, Any], list[bytes]]:
        answer, frames = protocol.ask(self.address, *dump(request))
        if answer.get("type") == "cannot":
            raise CannotTrainHere(str(answer.get("reason", "")))
        return answer, frames

    # ---- fit

    def fit(self, model: Any, *args: Any, **kwargs: Any) -> Steps:
        assert self.original_fit is not None
        epochs, reason, other = None, "", 0
        try:
            call = self.arguments(self.original_fit, model, args, kwargs)
            epochs = self._training(model, call)
        except Exception as error:  # not for the judge, or ours: Keras has the arguments as they are
            reason = str(error) or type(error).__name__
            other = error.samples if isinstance(error, OtherData) else 0
        if epochs is None:
            with keras_steps(model):
                history = yield partial(self.original_fit, model, *args, **kwargs)
            self._claim(model, history, kwargs.get("batch_size"), reason, other)
            self.ended(model)
            return history
        validation = epochs.validation
        given = {**call, "validation_split": 0.0}
        if not epochs.data.is_code():
            given |= {"x": epochs, "y": None, "sample_weight": None, "class_weight": None}
        if validation is None or not validation.data.is_code():
            given["validation_data"] = (validation,) if validation else None
        with judged_steps(model), expected((epochs, validation)):
            history = yield partial(self.original_fit, **given)
        model.make_train_function()  # as Keras has done by now; it traces nothing
        if epochs.reason:
            self._claim(model, history, epochs.batch_size, epochs.reason)
        self.ended(model)
        return history

    def _training(self, model: Any, call: dict[str, Any]) -> TrainingEpochs:
        """Raises CannotTrainHere, and other things, for what is nothing for the judge."""
        import keras

        asked = asked_for(self, model, call)
        epochs = operator.index(call["epochs"])
        if keras.config.max_epochs():
            epochs = min(epochs, keras.config.max_epochs())
        # Where nothing happens between epochs that only Keras can say, they are asked for at once.
        plain = all(type(one) in (keras.callbacks.History, keras.callbacks.ProgbarLogger) for one in asked.callbacks)
        known = asked.train.samples is not None and (asked.validation is None or asked.validation.samples is not None)
        at_once = plain and known
        if asked.validation is not None:  # and measured on the very network that is trained
            at_once = at_once and is_one_of(call["validation_freq"], (1,))
            at_once = at_once and as_it_was(model, model.train_function, model.test_function)
        training = TrainingEpochs(
            model, asked.train, self._ask,
            epochs=max(1, epochs - operator.index(call["initial_epoch"])) if at_once else 1,
            shuffle=not asked.train.ordered,
            validation=EvaluationEpochs(model, asked.validation, self._ask) if asked.validation else None,
            known=self._known,
            careful=any(type(one) is keras.callbacks.TerminateOnNaN for one in asked.callbacks),
            callbacks=describe_callbacks(asked.callbacks),
        )  # fmt: skip
        training.listeners = asked.callbacks
        if training.validation:
            training.validation.listeners = asked.callbacks
        return training

    def _claim(self, model: Any, history: Any, batch_size: Any, reason: str, other: int = 0) -> None:
        """`other`: how many samples of data that are not the course's it was trained on."""
        record = None
        with suppress(Exception):  # then the judge knows at least that it was trained
            if (compiled := describe_compile(model)) is not None:
                record = FitRecord(
                    epochs=len(history.epoch), batch_size=int(batch_size or BATCH_SIZE), data=DataRecord(samples=other),
                    compiled=compiled, reason=reason[:4000],
                )  # fmt: skip
        with suppress(Exception):
            self._ask(TrainedHere(type="trained_here", weights=digest_of(model), reason=reason[:4000], fit=record))

    def trained_otherwise(self, model: Any, *args: Any, **kwargs: Any) -> None:
        reason = _("code of the grader's failed at this training, and Keras did it")
        self._ask(TrainedHere(type="trained_here", weights=digest_of(model), reason=reason))
        self.ended(model)

    # ---- evaluate

    def evaluate(self, model: Any, *args: Any, **kwargs: Any) -> Steps:
        assert self.original_evaluate is not None
        judged: Any = None
        if kwargs.get("_use_cached_eval_dataset"):  # the validation in fit
            judged = judged_by(getattr(model, "_eval_epoch_iterator", None))
        within, given = judged is not None, kwargs
        try:
            if not within:
                call = self.arguments(self.original_evaluate, model, args, kwargs)
                others = call.pop("kwargs", {})
                if others or digest_of(model) not in self._known.weights:
                    raise CannotTrainHere(_("the judge does not know these weights"))
                del call["self"]
                judged = EvaluationEpochs(model, evaluated(self, model, call), self._ask)
                judged.listeners = callbacks_of(call)
                given = call if judged.data.is_code() else {**call, "x": judged, "y": None, "sample_weight": None}
        except Exception:  # Keras has the arguments as they are
            judged = None
        if judged is None:
            with keras_steps(model):
                return (yield partial(self.original_evaluate, model, *args, **kwargs))
        with judged_steps(model), expected(() if within else (judged,)):
            return (yield partial(self.original_evaluate, model, **given))

"""scikit-learn's estimators, fitted anew by the judge: the same numbers as theirs, and nothing of what a kernel says but a class and settings."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn import decomposition, ensemble, linear_model, neighbors, neural_network, pipeline, preprocessing, svm, tree
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from autograder.common.errors import CannotRebuild
from autograder.common.results import Status
from autograder.common.wire.description import Component
from autograder.course.checks.answers.score import Score
from autograder.course.checks.base import Facts
from autograder.course.checks.ranges import within
from autograder.course.settings import DataSettings
from autograder.kernel.describing.describe_things import describe_thing
from autograder.networks import estimators, network_metrics
from autograder.networks.budget import Budget
from autograder.networks.estimators import ALLOWED, Data, build, measure
from autograder.networks.lab import CourseLab

IRIS = load_iris()
DATA = Data(*train_test_split(IRIS.data, IRIS.target, test_size=0.2, random_state=42))
SEED = 7
RIGHT = [
    linear_model.LinearRegression(), linear_model.Ridge(alpha=2), linear_model.Lasso(0.1), linear_model.LogisticRegression(C=0.5),
    neighbors.KNeighborsClassifier(3, weights="distance"), neighbors.KNeighborsRegressor(), tree.DecisionTreeClassifier(max_depth=2),
    tree.DecisionTreeRegressor(max_depth=3), ensemble.RandomForestClassifier(9, max_features=None, n_jobs=64), ensemble.RandomForestRegressor(9, random_state=3),
    ensemble.GradientBoostingClassifier(n_estimators=5), ensemble.GradientBoostingRegressor(n_estimators=5, subsample=0.5), svm.SVC(kernel="linear"), svm.SVR(C=3),
    neural_network.MLPClassifier((5, 3), max_iter=20), neural_network.MLPRegressor(hidden_layer_sizes=4, max_iter=20),
    make_pipeline(preprocessing.MinMaxScaler((0, 2)), decomposition.PCA(2), svm.SVC()), make_pipeline(preprocessing.StandardScaler(), "passthrough", svm.SVC()),
]  # fmt: skip


def told(estimator):
    return describe_thing(estimator).made


@pytest.mark.parametrize("estimator", RIGHT, ids=lambda one: type(one).__name__)
@pytest.mark.filterwarnings("ignore")
def test_it_reaches_what_the_very_estimator_reaches(estimator):
    measured = measure(told(estimator), DATA, SEED, apart=False)
    if "random_state" in estimator.get_params() and estimator.random_state is None:
        estimator.set_params(random_state=SEED)
    estimator.fit(DATA.train, DATA.train_targets)
    own, fitted = estimator.score(DATA.test, DATA.test_targets), estimator.score(DATA.train, DATA.train_targets)
    metric = "accuracy" if "accuracy" in measured else "r2"
    assert measured[metric] == pytest.approx(own, abs=1e-9)
    assert measured[f"fitted_{metric}"] == pytest.approx(fitted, abs=1e-9)


KINDS = {
    "classes": (IRIS.target, {"accuracy", "balanced_accuracy", "f1_macro"}),
    "two classes": (IRIS.target == 0, {"accuracy", "balanced_accuracy", "f1_macro"}),
    "several yes or no": (np.eye(3, dtype=int)[IRIS.target], {"accuracy", "f1_macro"}),
    "several classes": (np.column_stack([IRIS.target, IRIS.target[::-1]]), set()),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore")
def test_targets_of_any_kind_are_measured_as_far_as_scikit_learn_does_and_the_rest_is_nobodys_fault(kind):
    targets, measurable = KINDS[kind]
    train, test, train_targets, test_targets = train_test_split(IRIS.data, targets, random_state=42)
    estimator = tree.DecisionTreeClassifier(max_depth=2, random_state=0).fit(train, train_targets)
    measured = measure(told(estimator), Data(train, test, train_targets, test_targets), SEED, apart=False)
    assert {name for name in measured if not name.startswith("fitted_")} == measurable
    if "accuracy" in measurable:
        assert measured["accuracy"] == pytest.approx(estimator.score(test, test_targets))
    lab = SimpleNamespace(estimator_score=lambda *_: measured)
    for metric in ("accuracy", "balanced_accuracy", "f1_macro"):
        check = Score(of="tree", metric=metric, at_least=0.01, points=1)
        verdict = check.decide(describe_thing(estimator), Facts({}, lab, SEED))
        assert (verdict.status is Status.PASSED) == (metric in measurable)
        assert metric in measurable or verdict.status is Status.UNDECIDED
    assert (
        Score(of="tree", metric="r2", at_least=0, points=1)
        .decide(describe_thing(estimator), Facts({}, lab, SEED))
        .status
        is not Status.PASSED
    )


def test_every_class_that_is_listed_is_tried_and_has_the_settings_that_are_listed():
    named = {part for one in RIGHT for part in ALLOWED if part in repr(one)}
    assert named == set(ALLOWED)
    for kind, (_module, listed) in ALLOWED.items():
        known = set(estimators._defaults(kind))
        assert len(set(listed.split()) - known) <= 1, kind  # one may have come or gone with a version
        assert not set(listed.split()) & estimators.UNHEARD


def test_who_gave_no_seed_gets_the_courses_and_a_child_says_the_same():
    made = told(ensemble.RandomForestClassifier(5, max_depth=1))
    assert measure(made, DATA, SEED) == measure(made, DATA, SEED, apart=False)
    assert (
        build(made, SEED).random_state == SEED
        and build(told(ensemble.RandomForestClassifier(random_state=1)), SEED).random_state == 1
    )


def test_a_search_is_what_it_found():
    search = GridSearchCV(neighbors.KNeighborsClassifier(), {"n_neighbors": [1, 50]}, cv=3)
    with pytest.raises(CannotRebuild, match="found nothing yet"):
        measure(told(search), DATA, SEED, apart=False)
    with pytest.raises((TypeError, ValueError)):
        search.fit(DATA.train, DATA.train_targets, batch_size=64)
    assert not describe_thing(search).fitted  # though scikit-learn takes it for fitted
    search.fit(DATA.train, DATA.train_targets)
    assert build(told(search), SEED).n_neighbors == search.best_params_["n_neighbors"]


class LogisticRegression(linear_model.LogisticRegression):
    """Calls itself by a name that is listed, and knows all answers."""

    __module__ = "sklearn.linear_model._logistic"

    def fit(self, x, y):
        raise AssertionError("a student's code runs in the judge")

    def predict(self, x):
        return IRIS.target[:30]


def test_a_class_that_takes_a_listed_name_is_replaced_by_the_listed_one():
    liar = LogisticRegression(C=1e-6)
    liar.coef_, liar.classes_ = np.ones((3, 4)), np.arange(3)
    honest = linear_model.LogisticRegression(C=1e-6)
    assert measure(told(liar), DATA, SEED, apart=False) == measure(told(honest), DATA, SEED, apart=False)
    assert type(build(told(liar), SEED)) is linear_model.LogisticRegression


def nested(depth):
    return make_pipeline(nested(depth - 1)) if depth else svm.SVC()


REFUSED = {
    "more trees than anybody waits for": ensemble.RandomForestClassifier(10**9),
    "hidden layers of a billion": neural_network.MLPClassifier((10**9,)),
    "a hundred hidden layers": neural_network.MLPClassifier((2,) * 100),
    "a cost beyond all": linear_model.LogisticRegression(C=1e300),
    "not a number": linear_model.Ridge(alpha=float("nan")),
    "a function as a metric": neighbors.KNeighborsClassifier(metric=lambda a, b: 0),
    "a function as a kernel": svm.SVC(kernel=lambda a, b: a @ b.T),
    "an estimator that it begins with": ensemble.GradientBoostingClassifier(init=svm.SVC()),
    "a class that is not listed": ensemble.StackingClassifier([("a", svm.SVC())]),
    "a step that is not listed": make_pipeline(preprocessing.FunctionTransformer(print), svm.SVC()),
    "pipelines in pipelines": nested(9),
    "a pipeline that answers nothing": make_pipeline(preprocessing.StandardScaler()),
    "a setting that scikit-learn refuses": svm.SVC(kernel="no such kernel"),
    "a setting of another type": svm.SVC(C="1"),
}


@pytest.mark.parametrize("estimator", REFUSED.values(), ids=REFUSED)
def test_what_is_not_rebuilt_is_undecided_at_once(estimator):
    with pytest.raises(CannotRebuild):
        measure(told(estimator), DATA, SEED)


@pytest.mark.parametrize(
    "made",
    [
        Component(type="Pipeline", settings={}),
        Component(type="Pipeline", settings={"a__b": Component(type="SVC"), "c": Component(type="SVC")}),
        Component(type="Pipeline", settings={"a": "os.system", "b": Component(type="SVC")}),
        Component(type="SVC", settings={"C": Component(type="(" * 199)}),
        Component(type="SVC", settings={"C": Component(type="(1, 'x')")}),
        Component(type="__class__"), Component(type="../os"), Component(type=""),
        Component(type="GridSearchCV", settings={"best_estimator_": 1}),
    ],
)  # fmt: skip
def test_descriptions_that_no_kernel_of_ours_writes_are_refused(made):
    with pytest.raises(CannotRebuild):
        measure(made, DATA, SEED)


def test_what_names_no_number_of_a_fit_is_left_out(tmp_path):
    """A folder to write to, as many processes as one likes, words on the terminal."""
    made = told(make_pipeline(svm.SVC(verbose=True, cache_size=1e9), memory=str(tmp_path / "there")))
    measure(made, DATA, SEED, apart=False)
    assert not (tmp_path / "there").exists()


def test_a_fit_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(estimators, "SECONDS", 1)
    rows = np.random.default_rng(0).random((3000, 100))
    data = Data(rows, rows[:9], rows[:, 0] > 0.5, rows[:9, 0] > 0.5)
    with pytest.raises(CannotRebuild, match="more than 1 s"):
        measure(told(ensemble.RandomForestClassifier(2000, max_features=None)), data, SEED)
    with pytest.raises(CannotRebuild, match="more numbers"):
        measure(told(svm.SVC()), data._replace(train=np.zeros((200_001, 100))), SEED)


def test_a_notebook_has_so_many_fits_and_no_more():
    lab = CourseLab(DataSettings(name="iris"))
    lab.apart, lab.budget = False, Budget(1000, estimators=2)
    for neighbours in (1, 2, 2, 1):
        lab.estimator_score(told(neighbors.KNeighborsClassifier(neighbours)), "holdout", "", SEED)
    with pytest.raises(CannotRebuild, match="more estimators"):
        lab.estimator_score(told(neighbors.KNeighborsClassifier(3)), "holdout", "", SEED)


@pytest.mark.parametrize(
    "name", ["copy", "n_jobs", "warm_start", "cache_size", "copy_X", "best_estimator_", "\u202e\x1b[2J"]
)
def test_a_step_may_have_any_name_that_scikit_learn_takes(name):
    scaled = pipeline.Pipeline([(name, preprocessing.StandardScaler()), ("last", svm.SVC())])
    scaled.fit(DATA.train, DATA.train_targets)
    assert [step for step, _ in build(told(scaled), SEED).steps] == [name, "last"]


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("metric", ["r2_score", "f1_score", "accuracy_score", "roc_auc_score"])
def test_answers_that_are_no_numbers_measure_nothing_and_are_nobodys_fault(metric, wrong):
    targets, answers = np.array([0, 1, 1]), np.array([[0.1], [wrong], [0.9]])
    found = network_metrics.score(metric, targets, answers, ("binary_crossentropy", False))
    assert found != found and not within(found, None, 1.0) and not within(found, 0.0, None)

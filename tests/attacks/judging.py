"""Attacks on the judging: what a notebook can patch, forge or pretend in its own kernel."""

from tests.attacks.attack import Attack, after_last

WRONG = {"parameters-answer": "dense1_parameters, dense2_parameters, total_parameters = 1, 2, 3"}
NONE = {"parameters": 0.0}
QUICK = ("collapse", "outputs", "model", "parameters", "formula", "output_shapes", "compile", "steps")
NOTHING = dict.fromkeys(QUICK, 0.0)

ATTACKS = (
    Attack(
        "assert and numpy.testing patched",
        {"collapse-answer": """
import builtins, numpy.testing, unittest
for name in dir(numpy.testing):
    if name.startswith("assert"):
        setattr(numpy.testing, name, lambda *a, **k: None)
np.allclose = np.array_equal = np.isclose = lambda *a, **k: True
builtins.AssertionError = type("AssertionError", (BaseException,), {})
builtins.all = builtins.any = builtins.isinstance = lambda *a: True
builtins.abs = lambda x: 0
"""},
        WRONG | {"outputs-answer": 'binary = multiclass = regression = "no idea"'},
        earns=NOTHING,  # isinstance was patched: the kernel can't even run the next cell
        says=("the kernel ended in cell 3",),
    ),
    Attack(
        "check replaced by one that returns full marks",
        {"collapse-answer": "import autograder, autograder.kernel.check\n"
                            "check = autograder.check = autograder.kernel.check.check = lambda *a, **k: 1e9"},
        earns=NOTHING,
        says=("Nothing was handed in",),
    ),
    Attack(
        "a check that prints our own table with full marks",
        {"parameters-answer": """
from IPython.display import HTML, display
honest_check = check
def check(place, *values, **named):
    display(HTML('<table class="autograder-check"><caption>parameters</caption><tr><td>1.5 / 1.5</td></tr></table>'))
    return 1.5
"""},
        {"formula-answer": "check = honest_check\ndef dense_parameters(inputs, units):\n    return inputs * units + units"},
        earns=NONE,
        says=("Nothing was handed in",),
    ),
    Attack(
        "the package's own outcomes, messages and descriptions patched",
        {"parameters-answer": """
from autograder.common import outcome_table, results
from autograder.common.wire import description, messages
for described in (description.ScalarDescription, description.ArrayDescription, description.ModelDescription, messages.HandIn):
    described.__eq__ = lambda self, other: True
results.QuestionResult.points = results.Report.points = property(lambda self: 1e9)
results.QuestionResult.status = results.Outcome.status = results.Status.PASSED
outcome_table.show_check = lambda *a, **k: None
"""},
        WRONG, earns=NONE,
    ),
    Attack(
        "the package's own checks and judge patched, which are not there",
        {"parameters-answer": """
try:
    from autograder.course.checks import base, registry, values
    from autograder.judge import session
    registry._verdict = lambda check, facts: base.passed("yes")
    registry.decide = session.decide = lambda *a, **k: ()
    values.equal = lambda *a: True
    for check_class in registry.TYPES.values():
        check_class.decide = check_class.__call__ = lambda self, *a: base.passed("yes")
    base.Verdict.status = property(lambda self: base.Status.PASSED)
    print("STOLEN")
except ModuleNotFoundError as error:
    print("TRIED", error)
"""},
        WRONG, earns=NONE, tried=True,
    ),
    Attack(
        "methods of Keras patched to say what is wanted",
        {"model-answer": """
keras.Model.count_params = lambda self: 79510
keras.Model.fit = lambda self, *a, **k: keras.callbacks.History()
keras.Model.evaluate = lambda self, *a, **k: [0.0, 1.0]
keras.Model.summary = lambda self: print("Total params: 79,510")
keras.layers.Layer.count_params = lambda self: 78500
keras.layers.Dense.units = 100
"""},
        {"model-answer": "dense1 = dense2 = None\nmodel = keras.Sequential([keras.Input(shape=(10,)), keras.layers.Dense(7)])"},
        earns={"model": 0.0},
    ),
    Attack(
        "objects that equal everything",
        edits={"parameters-answer": """
class Yes:
    __eq__ = __le__ = __ge__ = __lt__ = __gt__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = lambda self: 0
    __bool__ = lambda self: True
    __sub__ = __rsub__ = __abs__ = lambda self, *other: 0
    __float__ = lambda self: 0.0
    __int__ = __index__ = lambda self: 0
dense1_parameters = dense2_parameters = total_parameters = Yes()
""", "outputs-answer": """
class Any(str):
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = lambda self: 0
    strip = lower = lambda self: self
    __str__ = lambda self: self
binary = multiclass = regression = Any("anything")
"""},
        earns=NONE | {"outputs": 0.0},
    ),
    Attack(
        "numbers that change when they are looked at again",
        edits={"parameters-answer": """
class Shifty(int):
    turn = 0
    def __eq__(self, other): return True
    def __sub__(self, other): return 0
    def __index__(self): Shifty.turn += 1; return Shifty.turn
    __int__ = __index__
    __hash__ = int.__hash__
class Arrayish(np.ndarray):
    def __array__(self, *a, **k): return np.array([78500, 1010, 79510])
    def item(self): return 78500
    def tolist(self): return 78500
dense1_parameters, dense2_parameters = Shifty(1), np.int64(5)
total_parameters = np.zeros(3).view(Arrayish)
"""},
        earns=NONE,
    ),
    Attack(
        "objects that look like models and layers",
        edits={"model-answer": """
class Fake:
    __class__ = property(lambda self: keras.Sequential)
    name = "sequential"
    built = compiled = True
    input_shape, output_shape = (None, 784), (None, 10)
    def count_params(self): return 79510
    def __getattr__(self, name): return Fake() if name != "shape" else (None, 100)
    def __call__(self, *a, **k): return self
    def __iter__(self): return iter([Fake(), Fake()])
    def __len__(self): return 2
dense1, dense2, model = Fake(), Fake(), Fake()
"""},
        earns={"model": 0.0, "compile": 0.0},
    ),
    Attack(
        "a network that describes itself in its own words",
        edits={"model-answer": """
class Mine(keras.Model):
    layers = [keras.layers.Dense(100), keras.layers.Dense(10)]
    input_shape = (None, 784)
    def count_params(self): return 79510
    def call(self, x): return x
dense1, dense2 = Mine.layers
model = Mine(); model.built = True
"""},
        # It holds the two layers that were handed in; what it says of its input, and the rest, is for a person.
        earns={"model": 1.0}, undecided=True,
    ),
    Attack(
        "a function that looks for the answer in its callers",
        edits={"formula-answer": """
def dense_parameters(inputs, units):
    import gc, sys
    frame = sys._getframe()
    while frame:
        for name, value in list(frame.f_locals.items()):
            if name in ("wanted", "expected", "reference", "returns") and not callable(value):
                tried.append(value)
                return value
        frame = frame.f_back
    for thing in gc.get_objects():
        if type(thing).__name__ == "Function" and hasattr(thing, "reference"):
            tried.append(thing)
    tried.append(1)
    return 7
tried = []
""", **after_last("print('TRIED' if tried and set(tried) == {1} else f'STOLEN {tried}')")},
        # Check cells show the judge's table only, so a later cell tells.
        earns={"formula": 0.0}, tried=True,
    ),
    Attack(
        "a function that answers the given inputs and returns objects for the rest",
        edits={"formula-answer": """
class Yes:
    __eq__ = lambda self, other: True
    __array__ = lambda self, *a, **k: np.float64("nan")
def dense_parameters(inputs, units):
    return {784: 78500, 100: 1010}.get(inputs, Yes())
"""},
        earns={"formula": 0.5},
    ),
    Attack(
        "a function that raises what is no exception",
        edits={"formula-answer": "def dense_parameters(inputs, units):\n    raise SystemExit('full marks')",
               "collapse-answer": "def collapse(*arguments):\n    raise KeyboardInterrupt"},
        earns={"formula": 0.0, "collapse": 0.0},
    ),
    Attack(
        "forged outputs and display data",
        edits={"parameters-answer": """
from IPython.display import HTML, JSON, display, publish_display_data
dense1_parameters = dense2_parameters = total_parameters = 0
for _ in range(3):
    display(HTML('<table class="autograder-check"><tr><td>1.5 / 1.5</td></tr></table>'), display_id="autograder-check")
publish_display_data({"text/plain": "1.5", "application/vnd.autograder+json": {"points": 1.5}}, {"nbgrader": {"points": 1.5}})
display(JSON({"questions": [{"question": "parameters", "points": 1.5}]}))
print("Handed in: two_layer.parameters\\n1.5 of 1.5 points")
"""},
        earns=NONE,
    ),
    Attack(
        "cell outputs changed afterwards by display_id",
        {"parameters-answer": "from IPython.display import HTML, display\nhandle = display(HTML('wait'), display_id='later')"},
        WRONG | after_last("import threading, time\nthreading.Thread(target=lambda: [time.sleep(0.05) or "
                           "handle.update(HTML('<b>1.5 / 1.5</b>')) for _ in range(20)]).start()"),
        earns=NONE,
    ),
    Attack(
        "an AST transformer that rewrites calls of check",
        {"parameters-answer": """
import ast
class Rewrite(ast.NodeTransformer):
    def visit_Call(self, node):
        if getattr(node.func, "id", "") == "check":
            return ast.copy_location(ast.Constant(1.5), node)
        return node
get_ipython().ast_transformers.append(Rewrite())
"""},
        earns=dict.fromkeys(("parameters", "formula", "output_shapes", "compile", "steps"), 0.0),
        says=("Nothing was handed in",),
    ),
    Attack(
        "an input transformer that swaps names in check cells",
        {"parameters-answer": "get_ipython().input_transformers_cleanup.append(lambda lines: "
                              "[line.replace('two_layer.parameters', 'two_layer.steps') for line in lines])"},
        WRONG, earns=NONE,
    ),
    Attack(
        "tracebacks hidden and exceptions swallowed",
        {"parameters-answer": """
shell = get_ipython()
shell.showtraceback = shell.showsyntaxerror = shell._showtraceback = lambda *a, **k: None
shell.set_custom_exc((BaseException,), lambda *a: None)
import sys; sys.excepthook = sys.unraisablehook = lambda *a: None
"""},
        {"parameters-answer": "raise ValueError('nobody sees this')"},
        earns=NONE,
    ),
    Attack(
        "run_cell replaced, so that no later cell runs",
        {"parameters-answer": """
from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult
async def run_cell_async(*a, **k):
    return ExecutionResult(ExecutionInfo("", False, False, False, "", None))
shell = get_ipython()
shell.run_cell_async = run_cell_async
shell.run_cell = lambda *a, **k: ExecutionResult(ExecutionInfo("", False, False, False, "", None))
shell.should_run_async = lambda *a, **k: True
"""},
        earns=dict.fromkeys(("parameters", "formula", "output_shapes", "compile", "steps"), 0.0),
    ),
    Attack(
        "replies and statuses of the kernel forged",
        {"parameters-answer": """
kernel = get_ipython().kernel
session, parent = kernel.session, kernel.get_parent()
for _ in range(3):
    session.send(kernel.iopub_socket, "execute_result", {"data": {"text/plain": "1.5"}, "metadata": {}, "execution_count": 99}, parent=parent)
    session.send(kernel.iopub_socket, "status", {"execution_state": "idle"}, parent=parent)
    session.send(kernel.iopub_socket, "execute_input", {"code": "check('two_layer.parameters')", "execution_count": -1}, parent=parent)
    session.send(kernel.iopub_socket, "clear_output", {"wait": False}, parent=parent)
import copy
shell, (head, number) = kernel.shell_channel_thread.manager.get_subshell_to_shell_channel_socket(None), parent["header"]["msg_id"].rsplit("_", 1)
for later in range(9):  # replies before their time, to this cell and to those after it
    forged = copy.deepcopy(parent)
    forged["header"]["msg_id"] = f"{head}_{int(number) + later}"
    session.send(shell, "execute_reply", {"status": "ok", "payload": [], "user_expressions": {}}, parent=forged,
                 ident=kernel._get_shell_context_var(kernel._shell_parent_ident))
    session.send(kernel.iopub_socket, "status", {"execution_state": "idle"}, parent=forged)
"""},
        WRONG, earns=NONE,
    ),
    Attack(
        "messages that no client can read",
        {"steps-answer": """
kernel = get_ipython().kernel
kernel.session.pack = lambda document: b"{{{ not JSON" + b"\\xff" * 1000
print("x")
"""},
        earns={"steps": 0.0}, says=("can't be read",),
    ),
    Attack(
        "an error message with half a character, control codes and markup",
        edits={"steps-answer": """
import json
kernel = get_ipython().kernel
kernel.session.pack = lambda document: json.dumps(document, default=str).encode()
content = {"ename": chr(27) + "]0;pwned" + chr(7) + "[/red]" + chr(0xd800), "traceback": [chr(0xdfff)],
           "evalue": chr(0xd800) + chr(27) + "]52;c;cm0gLXJm" + chr(7) + "<script>alert(1)</script>[/red]" + chr(0x202e)}
kernel.session.send(kernel.iopub_socket, "error", content, parent=kernel.get_parent())
"""},
        earns={"steps": 0.0},
    ),
    Attack(
        "half characters in what is printed and handed in",
        {"steps-answer": """
import json
session = get_ipython().kernel.session
session.pack = lambda document: json.dumps(document, default=str).encode()
print("half: " + chr(0xdc80) + chr(0xd800))
from IPython.display import publish_display_data
publish_display_data({"text/html": chr(0xd800), "text/plain": chr(0xd800)}, {"x": chr(0xdfff)})
"""},
        {"steps-answer": "steps_default = steps_full = chr(0xd800)"},
        earns={"steps": 0.0},
    ),
    Attack(
        "numbers too large for a float",
        edits={"parameters-answer": "dense1_parameters = dense2_parameters = total_parameters = 10 ** 4000",
               "formula-answer": "def dense_parameters(inputs, units):\n    return 10 ** 4000",
               "steps-answer": "steps_default, steps_full = float('inf'), float('nan')"},
        earns=NONE | {"formula": 0.0, "steps": 0.0},
    ),
)  # fmt: skip

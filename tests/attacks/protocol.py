"""Attacks on the judge itself, by its socket: messages that no notebook of ours would send."""

from tests.attacks.attack import Attack

# Functions that the attacks share, as the first cell of their notebook.
TALK = """
import json, os, pickle, socket, threading, time
from autograder.common.wire import protocol
from autograder.common.wire.description import *
from autograder.common.wire.messages import *
from autograder.common.environment import said
PATH = said(protocol.JUDGE)

def ask(request):
    try:
        return protocol.ask(PATH, *dump(request))
    except Exception as error:
        return {"type": "refused", "reason": str(error)}, []

def send(data, wait=True):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(PATH)
        try:
            connection.sendall(data)
            if not wait: return b""
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(1 << 16)
        except OSError as error:
            return str(error).encode()

def message(document, frames=b"", magic=b"AGJ1", text=None):
    text = json.dumps(document).encode() if text is None else text
    return protocol.HEAD.pack(magic, len(text), len(frames)) + text + frames

def hand_in(question, **values):
    return ask(HandIn(type="hand_in", question=question, values={"" if k == "value" else k: v for k, v in values.items()}))

def forged(weights, fits=(), **fields):
    # The two-layer network in words: no Keras needed.
    initializer = Component(type="GlorotUniform", settings={"seed": None})
    def dense(units, activation, arrays, name):
        return LayerDescription(type="Dense", name=name, output_shape=(None, units), weights=tuple(arrays), same_as="",
            config={"units": units, "activation": activation, "use_bias": True, "kernel_initializer": initializer,
                    "bias_initializer": Component(type="Zeros")})
    compiled = CompileDescription(optimizer=Component(type="RMSprop", settings={"learning_rate": 0.001}), metrics=(Component(type="accuracy"),),
        loss=Component(type="sparse_categorical_crossentropy", settings={"from_logits": False}))
    layers = (dense(100, "sigmoid", weights[:2], "dense"), dense(10, "softmax", weights[2:], "dense_1"))
    return ModelDescription(input_shape=(None, 784), layers=layers, compiled=compiled, fits=tuple(fits), **fields)

def random_weights(seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(0, 0.05, shape).astype(np.float32) for shape in ((784, 100), (100,), (100, 10), (10,))]

def forged_fit(model, where="judge"):
    record = DataRecord(samples=48000, train=48000, distinct=48000, scaling="unit", lookup=np.arange(256) / 255.0)
    return FitRecord(epochs=5, batch_size=32, data=record, compiled=model.compiled, where=where, history={"accuracy": (0.9,) * 5})

val_loss = val_accuracy = 0.0  # the check cells name them
"""


def talks(name: str, code: str, **others) -> Attack:
    """`code` runs before anything honest was handed in, and changes nothing of it unless `others` say what that earns."""
    return Attack(
        name, before={"collapse-answer": TALK + code + '\nprint("TRIED")'}, tried=True, looks=not others, **others
    )


TRAINED = {"train": 0.0, "accuracy": 0.0}

ATTACKS = (
    talks("malformed messages of every sort", """
class Bomb:
    def __reduce__(self): return os.system, ("touch /tmp/pwned",)
bad = [b"", b"\\0" * 64, b"GET / HTTP/1.1\\r\\n\\r\\n", pickle.dumps(Bomb()), message(None, text=pickle.dumps(Bomb())), message([1]), message({}),
       message({"type": "shutdown"}), message({"do": "end", "language": "en"}), message({"type": "hand_in", "points": 100}), message(None, text=b"[" * 200_000),
       message(None, text=b'{"a":' * 50_000), message(None, text=b"\\xff\\xfe"), message({"frames": [5]}, b"1234"), message({"frames": [-1, 5]}, b"1234"),
       message({"frames": [0] * 5000}), message({"frames": {}}), message({"frames": [1.5]}), message(None, text=b'{"x": ' + b"9" * 100_000 + b"}"),
       message({}, magic=b"\\x93NUM"), np.ones(9).tobytes(), message({"type": "hand_in"})[:7], message({"type": ["fit"]}), message({"type": None, "frames": None})]
for data in bad:
    answer = send(data)
    if b'"taken"' in answer or b'"trained"' in answer: print("STOLEN", data[:40])
"""),
    talks("oversized messages and announcements", """
import struct
for head in ((b"AGJ1", 0xffffffff, 0), (b"AGJ1", 0, 0xffffffff), (b"AGJ1", 9 << 20, 0), (b"AGJ1", 2, 97 << 20)):
    assert b"too large" in send(struct.pack("<4sII", *head))
for _ in range(4):
    send(message({"frames": [96 << 20], "type": "hand_in", "question": "two_layer.model", "values": {}}, bytes(96 << 20)))
send(message({"type": "hand_in", "question": "two_layer.collapse", "values": {str(n): {"kind": "scalar", "value": 1} for n in range(100_000)}}))
deep = {"kind": "scalar", "value": 1}
for _ in range(300): deep = {"kind": "list", "items": [deep]}
send(message({"type": "hand_in", "question": "two_layer.outputs", "values": {"binary": deep}}))
wide = {"kind": "list", "items": [{"kind": "list", "items": [{"kind": "scalar", "value": 1}] * 1000}] * 100}
send(message({"type": "hand_in", "question": "two_layer.outputs", "values": {"binary": wide}}))
"""),
    talks("many connections, slow senders, and no one who reads the answers", """
held = []
for _ in range(200):
    connection = socket.socket(socket.AF_UNIX); connection.setblocking(False)
    try: connection.connect(PATH)
    except OSError: break
    held.append(connection)
def drip():
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(PATH)
        for byte in message({"type": "hand_in", "question": "two_layer.model", "values": {}}):
            try: connection.sendall(bytes([byte])); time.sleep(0.02)
            except OSError: return
for connection in held: connection.close()
for _ in range(2): threading.Thread(target=drip, daemon=True).start()
for _ in range(10): send(message({"type": "nonsense"}), wait=False)
"""),
    Attack("a message begun and never ended, by a kernel that then ends itself", edits={"steps-answer": TALK + """
slow = socket.socket(socket.AF_UNIX); slow.connect(PATH); slow.sendall(message({"type": "hand_in"})[:5])
os._exit(3)
"""}, earns={"steps": 0.0}, says=("the kernel ended in cell",), dangerous=True),
    talks("more requests than a notebook may send", """
last = None
for _ in range(5100): last = send(message({"type": "nonsense"}))
assert b"5000 times" in last, last
""", dangerous=True, earns=dict.fromkeys(("collapse", "outputs", "model", "parameters", "formula", "output_shapes", "compile", "steps"), 0.0),
        says=("may ask the grader 5000 times",)),
    talks("questions of another assignment, and names that are no question", """
for question in ("deep.network", "optimizers.quiz", "two_layer", "two_layer.", ".model", "two_layer.model.x", "../two_layer.model", "two_layer.__class__", "", "x" * 199,
                 "two_layer.nothing", "TWO_LAYER.model", "two_layer.scale\\x00"):
    answer, _ = hand_in(question, value=ScalarDescription(value=1))
    if answer["type"] != "refused": print("STOLEN", question)
"""),
    talks("answers asked for by way of the judge's replies", """
seen = []
for value in ("sigmoid", "softmax", "relu", "none"):
    seen.append(json.dumps(hand_in("two_layer.outputs", binary=ScalarDescription(value=value))[0]))
started = time.monotonic()
if len(set(seen)) != 1: print("STOLEN", seen)
for question in ("collapse", "formula", "steps", "accuracy"):
    answer, frames = hand_in(f"two_layer.{question}", value=FunctionDescription(name="f"))
    if set(answer) - {"type", "calls", "arguments", "frames"} or "returns" in json.dumps(answer): print("STOLEN", answer)
"""),
    talks("results of functions that nobody called", """
forged_results = {check: tuple(ScalarDescription(value=v) for v in (78500, 1010)) for check in ("given", "unseen")}
function = FunctionDescription(name="dense_parameters", results=forged_results)
ask(HandIn(type="hand_in", question="two_layer.formula", values={"": function}, answered=True))
""", edits={"formula-answer": "raise NotImplementedError\ndense_parameters = None", "formula": "check('two_layer.formula', dense_parameters)"},
        earns={"formula": 0.5}),
    Attack("forged provenance: trainings claimed in the description", before={"outputs-answer": TALK + """
model = forged(random_weights())
model = model.model_copy(update={"fits": (forged_fit(model),), "origin": "", "undecided": False})
check = lambda place, *a, honest=check, **k: hand_in(place, value=model) if place.endswith((".train", ".accuracy")) else honest(place, *a, **k)
"""}, base="short", earns=TRAINED, says=("weights that do not come out of fit() in this notebook",)),
    Attack("forged provenance: trained_here, with a record of the judge's", before={"outputs-answer": TALK + """
model = forged(random_weights())
record = forged_fit(model)
for reason in ("fit() was called with callbacks", ""):
    ask(TrainedHere(type="trained_here", weights=digest(model.weights), reason=reason, fit=record))
check = lambda place, *a, honest=check, **k: hand_in(place, value=model) if place.endswith((".train", ".accuracy")) else honest(place, *a, **k)
"""}, base="short", earns=TRAINED, undecided=True, says=("was not trained by the grader",)),
    Attack("replayed: trainings started from digests of other submissions", before={"outputs-answer": TALK + """
import hashlib
model = forged(random_weights())
rows = np.arange(320, dtype=np.int32)
samples = SamplesMessage(rows=rows, labels=np.zeros(320, np.uint8), lookup=np.arange(256) / 255.0, shape=(784,))
for start in (digest(model.weights), "0" * 64, hashlib.sha256(b"").hexdigest()):
    for field in ("start", "optimizer_start"):
        answer, _ = ask(Fit(type="fit", model=model.without_weights(), samples=samples, epochs=1, batch_size=32, **{field: start}))
        if answer["type"] == "trained": print("STOLEN", field)
    answer, _ = ask(Evaluate(type="evaluate", model=model.without_weights(), weights=start, samples=samples))
    if answer["type"] == "evaluated": print("STOLEN", answer)
print("TRIED")
check = lambda place, *a, honest=check, **k: hand_in(place, value=model) if place.endswith((".train", ".accuracy")) else honest(place, *a, **k)
"""}, base="short", earns=TRAINED, tried=True, dangerous=True),
    Attack("an honest training's weights in other clothes", before={"accuracy-answer": TALK + """
weights = [np.asarray(w) for w in model.get_weights()]
def swapped(activation, **fields):
    other = forged(weights, **fields)
    layers = (other.layers[0].model_copy(update={"config": {**other.layers[0].config, "activation": activation}}), other.layers[1])
    return other.model_copy(update={"layers": layers})
honest_check = check
check = lambda place, *a, **k: hand_in(place, value=swapped("relu"))
"""}, base="train", earns={"accuracy": 0.0}, says=("weights that were trained in another network",)),
    talks("custom layers, Lambdas, classes and files to be loaded", """
open("/tmp/evil.keras", "wb").write(b"PK\\x03\\x04" + bytes(100))
weights = random_weights()
for kind in ("Lambda", "TFSMLayer", "os.system", "Dense.__class__", "../Dense", "__import__", "PyDataset", "Sequential", "StringLookup", "TextVectorization"):
    for config in ({}, {"units": 10}, {"function": "gASVAAAA"}, {"filepath": "/tmp/evil.keras"}, {"vocabulary": "/etc/passwd"}, {"activation": "os:system"}):
        try:
            layer = LayerDescription(type=kind, name="x", config=config, output_shape=(None, 10), weights=tuple(weights[2:]))
        except Exception: continue
        model = forged(weights).model_copy(update={"layers": (layer,)})
        samples = SamplesMessage(rows=np.arange(32, dtype=np.int32), labels=np.zeros(32, np.uint8), lookup=np.arange(256) / 255.0, shape=(784,))
        answer, _ = ask(Fit(type="fit", model=model.without_weights(), samples=samples, epochs=1, batch_size=32))
        if answer["type"] == "trained": print("STOLEN", kind, config)
"""),
    talks("trainings too dear: epochs, parameters, rows", """
model = forged(random_weights()).without_weights()
def fit(model, rows=320, **fields):
    n = np.arange(rows, dtype=np.int32) % 70_000
    samples = SamplesMessage.model_construct(rows=n, labels=np.zeros(rows, np.uint8), lookup=np.arange(256) / 255.0, shape=(784,))
    return ask(Fit.model_construct(type="fit", model=model, samples=samples, validation=None, shuffle=True, start="", optimizer_start="", **{"epochs": 1, "batch_size": 32, **fields}))[0]
def wide(*units):
    layers, inputs = [], 784
    for number, n in enumerate(units):
        layers.append(model.layers[0].model_copy(update={"name": f"d{number}", "config": {**model.layers[0].config, "units": n}}))
    return model.model_copy(update={"layers": (*layers, model.layers[1])})
refused = [fit(model, epochs=31), fit(wide(20_000)), fit(wide(5_000, 5_000)), fit(model, rows=500_000), fit(wide(*[10] * 61)),
           fit(model, epochs=0), fit(model, batch_size=0), fit(model, epochs=2**31), fit(wide(40_000, 40_000)), fit(wide(999_999, 999_999))]
for number, answer in enumerate(refused):
    if answer["type"] == "trained": print("STOLEN", number, answer)
"""),
)  # fmt: skip

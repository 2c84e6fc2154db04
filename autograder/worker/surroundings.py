"""Is it the student's mistake, or does the grader's machine lack what students' machines have?

A module, a GPU, a display, the network, a folder of another machine, an answer to ``input()``. Told from an exception's class and message and
from the text of the statement that raised it. In doubt it is the grader's: then a person looks, and nobody loses a point for it.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from functools import lru_cache

from autograder.common.errors import GraderFault
from autograder.common.i18n import N_, _

MODULE, DEVICE, DISPLAY, NETWORK = "module", "device", "display", "network"
FOLDER, PROGRAM, INPUT, VERSION, MAGIC, GRADER = "folder", "program", "input", "version", "magic", "grader"
REASONS = {
    MODULE: N_("the grader's machine does not have the module `{what}`"),
    DEVICE: N_("the grader's machine has no GPU or TPU"),
    DISPLAY: N_("the grader's machine has no display"),
    NETWORK: N_("the grader's machine has no network"),
    FOLDER: N_("the grader's machine does not have `{what}`"),
    PROGRAM: N_("the grader's machine can't run another program here"),
    INPUT: N_("nobody answers questions while a notebook is graded"),
    VERSION: N_("the grader's machine has other versions or settings than this asks for"),
    MAGIC: N_("the grader's machine does not have the command `{what}`"),
    GRADER: N_("a fault of the grader's own"),
}
Lack = tuple[str, str]  # one of the above, and the name of what is lacking

_WRITTEN = ("SyntaxError", "IndentationError", "TabError", "NameError", "UnboundLocalError", "AttributeError")
_NETWORK = re.compile(
    r"name resolution|name or service not known|getaddrinfo|network is unreachable|URL fetch failure|urlopen error|"
    r"max retries exceeded|connection (?:refused|reset|aborted|error)|no route to host|offline|failed to establish|"
    r"could not (?:reach|connect|resolve)|HTTPSConnectionPool|nodename nor servname",
    re.IGNORECASE,
)
_NETWORK_NAMES = re.compile(
    r"URLError|HTTPError|gaierror|Connect(?:ion)?Error|ConnectionRefused|ConnectionReset|ConnectionAborted|NameResolution|"
    r"MaxRetry|NewConnection|RemoteDisconnected|ConnectTimeout|ReadTimeout|SSLError|SSLCertVerification|ProxyError|OfflineMode|"
    r"LocalEntryNotFound|FileURLRetrieval|ServerNotFound|RepositoryNotFound"
)
_REMOTE = re.compile(
    r"https?://|ftp://|s3://|gs://|\bfetch_openml|\burlretrieve|\burlopen|\bget_file\(|\brequests\.|\bsnapshot_download|\bopenml\b|"
    r"\bfrom_pretrained|\btfds\.load|\bload_dataset"
)
_DISPLAY = re.compile(
    r"\$?DISPLAY\b|no display|could not connect to display|Cannot load backend|headless|binding modules|"
    r"Rebuild the library with|cvShowImage|cvNamedWindow|libGL|Xlib|xcb|no available video device|interactive framework",
    re.IGNORECASE,
)
_DISPLAY_NAMES = re.compile(r"TclError|NoSuchDisplay|DisplayConnection|DisplayNameError")
_DEVICE = re.compile(
    r"\bGPUs?\b|\bTPUs?\b|GPU:\d|TPU:\d|\bCUDA|cuDNN|nvidia|\bno accelerator|NHWC|channels_first|on the CPU",
    re.IGNORECASE,
)
_DEVICE_CODE = re.compile(
    r"\bgpus?\b|\btpus?\b|gpu_|_gpu|GPU|TPU|cuda|nvidia|list_(?:physical|logical)_devices|set_memory_growth|set_visible_devices|"
    r"\bmps\b|get_device_details|get_memory_info"
)
_VERSIONS = re.compile(r"__version__|version_info|python_version|\bplatform\b|\bsys\.executable|\buname\b|sys\.maxsize")
_SETTINGS = re.compile(
    r"\benviron\b|\bgetenv\b|getlogin|expanduser|gethostname|getpwuid|userdata|cpu_count|virtual_memory"
)
_PROGRAMS = re.compile(
    r"\bsubprocess\b|\bPopen\b|check_output|check_call|os\.system|\brun\(|call\(|%%(?:bash|sh|script)|plot_model|Digraph|graphviz"
)
_FILE = re.compile(
    r"(?:No such file or directory|Permission denied|Read-only file system|Not a directory|not found|Unable to (?:synchronously )?open|unable to find)[^'\"]*['\"]([^'\"]{1,300})['\"]",
    re.IGNORECASE,
)
_ABSOLUTE = re.compile(r"(?:[/\\~…]|[A-Za-z]:[/\\]|file:)")
_MISSING = re.compile(r"No module named '?([\w.]+)'?")
_OPTIONAL = re.compile(
    r"Missing optional dependency '?([\w.-]+)|requires (?:the )?[`'\"]?([\w.-]+)[`'\"]? (?:package|library|to be installed)|"
    r"(?:must|need to|please) install [`'\"]?(?:pip install )?([\w.-]+)|`?Import (\w+)`? failed|pip install ([\w.-]+)",
    re.IGNORECASE,
)
_TYPED = (
    "autograder", "keras", "tensorflow", "numpy", "matplotlib", "sklearn", "pandas", "seaborn", "scipy", "random", "warnings",
    "datetime", "collections", "itertools", "functools", "statistics", "pathlib",
)  # fmt: skip
_MAGIC = re.compile(r"(?:Line|Cell) magic function `(%{1,2}[\w.]+)`")


def reason(lack: Lack) -> str:
    """The sentence for a lack, without its full stop."""
    return _(REASONS.get(lack[0], REASONS[FOLDER]), what=lack[1])


def lack(error: str, message: str, parts: Sequence[str] = (), outside: bool = False) -> Lack | None:
    """What the grader's machine lacks, if that is why ``error: message`` was raised.

    `parts`: the text of the statement that raised it, and of the conditions around it. `outside`: it used a name whose value came
    from the machine, such as a list of GPUs.
    """
    code, text = "\n".join(parts), f"{error}: {message}"
    if error == GraderFault.__name__:
        return GRADER, ""
    if error in ("ModuleNotFoundError", "ImportError") and (match := _MISSING.search(message)):
        return None if misspelt(match[1]) else (MODULE, match[1])
    if error == "UsageError" and (match := _MAGIC.search(message)):
        return MAGIC, match[1]
    if error in ("StdinNotImplementedError", "EOFError") and re.search(r"input|EOF", text):
        return INPUT, ""
    if _DISPLAY_NAMES.search(error) or (error not in _WRITTEN and _DISPLAY.search(message)):
        return DISPLAY, ""
    if _NETWORK_NAMES.search(error) or (error not in _WRITTEN and _NETWORK.search(message)):
        return NETWORK, ""
    if error in ("ImportError", "ModuleNotFoundError", "OSError", "RuntimeError", "ValueError") and (
        match := _OPTIONAL.search(message)
    ):
        return MODULE, next(group for group in match.groups() if group)
    if error == "ImportError" and re.search(r"shared object|DLL load failed|dlopen", message):
        return MODULE, (re.findall(r"[\w.-]+", message) or ["?"])[0]
    if error in _WRITTEN or error in ("NotImplementedError", "KeyboardInterrupt", "RecursionError", "MemoryError"):
        return None
    return _of_the_machine(error, message, code, outside)


def _of_the_machine(error: str, message: str, code: str, outside: bool) -> Lack | None:
    if outside or (error != "TypeError" and (_DEVICE_CODE.search(code) or _DEVICE.search(message))):
        return DEVICE, ""
    if _REMOTE.search(code) and error != "TypeError":
        return NETWORK, ""
    if error in ("FileNotFoundError", "PermissionError", "NotADirectoryError", "OSError", "ValueError") and (
        match := _FILE.search(message)
    ):
        if _PROGRAMS.search(code) and "/" not in match[1]:
            return PROGRAM, match[1]
        if _ABSOLUTE.match(match[1]):
            return FOLDER, match[1]
    if error == "CalledProcessError" or (
        _PROGRAMS.search(code) and error in ("FileNotFoundError", "PermissionError", "OSError")
    ):
        return PROGRAM, ""
    if error != "TypeError" and (_VERSIONS.search(code) or _SETTINGS.search(code)):
        return VERSION, ""
    return None


def misspelt(module: str) -> bool:
    """Is this no module that a machine could lack, but a slip of the pen for one that is there, or a part that it doesn't have?"""
    top, _dot, rest = module.partition(".")
    if _there(top):
        spec = importlib.util.find_spec(top)
        return bool(rest) and spec is not None and spec.origin is not None  # not in a folder that many packages share
    return any(_one_slip(top, name) for name in _TYPED)


@lru_cache(maxsize=256)
def _there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _one_slip(word: str, name: str) -> bool:
    """One letter more, less, other, or two exchanged."""
    if word == name or abs(len(word) - len(name)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(word, name, strict=False)) if a != b), min(len(word), len(name)))
    a, b = word[start:], name[start:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])


def comes_from_the_machine(code: str) -> bool:
    """Does a statement ask the machine what it has?"""
    return bool(_DEVICE_CODE.search(code) or _SETTINGS.search(code))


def fetched(source: str) -> bool:
    """Does a cell get files from elsewhere by a command, which says nothing when it fails?"""
    return bool(
        re.search(
            r"^[^\S\n]*[!%]+[^\S\n]*(?:wget|curl|git\s+clone|gdown|kaggle|unzip|tar|aria2c|cp|mv|cd)\b",
            source,
            re.MULTILINE,
        )
    )

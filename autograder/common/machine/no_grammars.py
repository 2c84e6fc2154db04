"""To be imported before nbformat, by the processes that are ours: its jsonschema would build the grammars of international addresses.

That takes 1.2 s of each process, and no notebook's format asks for them. Never in a student's kernel, whose modules are as elsewhere.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

"""`python -m unmask` becomes the program."""

import os
import sys

from ._errors import ServerFailed
from ._local import program

try:
    found = program()
except ServerFailed as error:
    sys.exit(f"error: {error}")
os.execv(found, ["unmask", *sys.argv[1:]])

"""Name and version of the program, as written into the files it makes."""

VERSION = "0.1.0"
NAME = "All in Focus"
PROGRAM = f"{NAME} {VERSION}"

"""Checks of what is read from JSON: every entry is there, and of the kind that it should be."""

import json

MISSING = object()


def check_entries(entries, rules, path, place="", *, error):
    """Raise an error that names the first entry that is missing or not as it should be.

    Parameters
    ----------
    entries : dict
        As JSON holds it; anything else has no entries.
    rules : dict
        By name: ``(is_valid, expected)``, a function of the value, and words for what it accepts.
    path : path or str
        Of the file, for the error.
    place : str, optional
        Where in it the entries are, in front of their names.
    error : type
        Class of the error.
    """
    for name, (is_valid, expected) in rules.items():
        found = entries.get(name, MISSING) if isinstance(entries, dict) else MISSING
        if found is MISSING or not is_valid(found):
            told = "is missing" if found is MISSING else f"is {json.dumps(found)[:60]}"
            raise error(f"{path}: is damaged: {place}{name} {told}, expected is {expected}")

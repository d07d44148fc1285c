"""Fields of JSON files by their place, and how they may be written."""

from .formats import number, plain


class NoSuchPlace(Exception):
    """The path names nothing that the raw files give."""


def field(value, place):
    """A field of a JSON value by names and numbers between slashes."""
    parts = place.split("/")
    while parts:
        # A name may hold a slash itself.
        for size in range(len(parts), 0, -1):
            name = "/".join(parts[:size])
            if isinstance(value, dict) and name in value:
                value, parts = value[name], parts[size:]
                break
            if isinstance(value, list) and name.isdigit() and int(name) < len(value):
                value, parts = value[int(name)], parts[size:]
                break
        else:
            raise NoSuchPlace(f"no field {place!r}")
    return value


def written(value):
    """A field as it may be printed: words and whole numbers as they stand, others as numbers."""
    if isinstance(value, float):
        return [number(value), plain(value)]
    return [plain(value)]

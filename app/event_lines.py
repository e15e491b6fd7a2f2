"""Lines of `--events` as they are read back: an event whose entries are of their kind, or no event at all."""

import json

from capture.errors import DataError

ENTRIES: dict[str, dict[str, type]] = {
    "progress": {"take": str, "step": str, "done": int, "total": int},
    "note": {"take": str, "text": str},
    "take": {"take": str, "state": str, "error": str, "outputs": list},
}
"""What whoever reads them relies on; see `assets/events.schema.json` for all."""


def read_event(line: bytes) -> dict[str, object]:
    """One event. Unknown ones, and unknown entries, are let through: newer minds may write them.

    Raises:
        DataError: it is another text, as a library prints it, or an entry is of another kind.
    """
    try:
        event = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"no line of JSON: {error}") from error
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        raise DataError("no event, as it has no name")
    for name, kind in ENTRIES.get(event["event"], {}).items():
        value = event.get(name)
        if not isinstance(value, kind) or isinstance(value, bool) or (kind is int and value < 0) \
                or (kind is list and not all(isinstance(item, str) for item in value)):
            raise DataError(f"the event {event['event']!r} has no {name} that makes sense")
    return event

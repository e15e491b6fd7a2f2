"""Pages: templates filled in, with a policy by which a browser runs our script and nothing else."""

import base64
import hashlib
import json
from functools import lru_cache

import jinja2
from markupsafe import Markup

import assets
from app import __version__


@lru_cache(maxsize=1)
def _templates() -> jinja2.Environment:
    # Names of takes and actors come from outside: everything is escaped that is not marked as ours.
    return jinja2.Environment(loader=jinja2.FileSystemLoader(assets.path("report")), autoescape=True,
                              undefined=jinja2.StrictUndefined, trim_blocks=False)


def page(template: str, script: str, data: object, **values: object) -> bytes:
    """A page that stands alone.

    Args:
        template: of assets/report, as are `script` and the style.
        data: what the script reads, as JSON.
        values: what the template shows.
    """
    style_text, script_text = (assets.path("report").joinpath(name).read_text("utf-8")
                               for name in ("report.css", script))
    text = _templates().get_template(template).render(
        style=Markup(style_text), script=Markup(script_text), style_hash=_hash(style_text),
        script_hash=_hash(script_text), version=__version__, data=_json(data), **values)
    return text.encode("utf-8", "replace")  # a file's name may hold bytes that are no text


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json(data: object) -> Markup:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))

"""Reads a report's page as a browser would, strictly."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

VOID = {"meta", "img", "input", "br", "link", "hr"}
SVG_VOID = {"path"}
"""Written with a slash at the end."""


class Page(HTMLParser):
    """What a page holds: its elements with their attributes, its words, the texts of its scripts and styles."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.words = ""
        self.feed(page.decode("utf-8"))
        self.close()
        assert self.open == [], f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID | SVG_VOID
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] == "style":
            self.styles.append(data)
        else:
            self.words += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def data(self) -> dict:
        """What the page's script reads."""
        place = [attributes.get("type") for attributes in self.all("script")].index("application/json")
        return json.loads(self.scripts[place])


def sound(page: bytes) -> Page:
    """The page, after checking that it loads nothing, runs nothing but our one script, and allows nothing else."""
    read = Page(page)
    for tag, attributes in read.elements:
        assert tag not in {"iframe", "object", "embed", "link", "base", "form", "video", "audio"}, tag
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "srcset", "action")], tag
        if "src" in attributes:
            assert tag == "img", tag
            assert attributes["src"].startswith("data:image/"), attributes["src"][:60]
        if "href" in attributes:
            assert re.fullmatch(r"#[a-z]+|[^/:]+\.report\.html", attributes["href"]), attributes["href"]
    for style in read.styles:
        assert "url(" not in style
        assert "@import" not in style
    policy = next(meta["content"] for meta in read.all("meta")
                  if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy
    types = [attributes.get("type") for attributes in read.all("script")]
    assert types in (["application/json", None], [None])
    running = [text for kind, text in zip(types, read.scripts, strict=True) if kind is None]
    for text in (*running, *read.styles):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in policy
    assert len(running) == len(read.styles) == 1
    return read

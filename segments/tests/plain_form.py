"""A browser without scripts: what a form of a page sends when one of its buttons is pressed."""

from __future__ import annotations

from html.parser import HTMLParser


class _Reader(HTMLParser):
    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id, self.is_inside = form_id, False
        self.pairs: list[tuple[str, str]] = []
        self.buttons: list[tuple[str, str]] = []
        self.select = self.textarea = ""
        self.chosen: str | None = None
        self.text = ""

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.is_inside = given.get("id") == self.form_id
        if not self.is_inside:
            return
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "input" and name and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            self.pairs.append((name, value))
        elif tag == "select":
            self.select, self.chosen = name, None
        elif tag == "option" and (self.chosen is None or "selected" in given):
            self.chosen = value
        elif tag == "textarea":
            self.textarea, self.text = name, ""
        elif tag == "button" and name:
            self.buttons.append((name, value))

    def handle_data(self, data):
        self.text += data

    def handle_endtag(self, tag):
        if tag == "select" and self.select:
            self.pairs.append((self.select, self.chosen or ""))
            self.select = ""
        elif tag == "textarea" and self.textarea:
            self.pairs.append((self.textarea, self.text.strip("\n")))
            self.textarea = ""
        elif tag == "form":
            self.is_inside = False


class PlainForm:
    """Fill in fields by name, then `press` a button that is really there."""

    def __init__(self, browser, url: str, form_id: str = "segment-form") -> None:
        self.browser, self.url, self.form_id = browser, url, form_id
        self._read(browser.get(url))

    def _read(self, response) -> None:
        self.response, self.html = response, response.content.decode()
        reader = _Reader(self.form_id)
        reader.feed(self.html)
        self.pairs, self.buttons = reader.pairs, reader.buttons

    def fill(self, **said: object) -> PlainForm:
        """`match__of__0__value="50"`; a list for a choice of several."""
        for key, value in said.items():
            name = key.replace("__", ".")
            self.pairs = [pair for pair in self.pairs if pair[0] != name]
            self.pairs += [(name, str(one)) for one in (value if isinstance(value, list) else [value])]
        return self

    def press(self, do: str) -> PlainForm:
        assert ("do", do) in self.buttons, [value for name, value in self.buttons if name == "do"]
        data: dict[str, list[str]] = {"do": [do]}
        for name, value in self.pairs:
            data.setdefault(name, []).append(value)
        self._read(self.browser.post(self.url, data))
        return self

    def said(self, name: str) -> list[str]:
        return [value for own, value in self.pairs if own == name]

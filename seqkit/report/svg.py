"""matplotlib's SVG made fit to stand in a page: no style sheet, no stray ids, short numbers, a spoken name."""

import re
from xml.etree import ElementTree

SVG = "http://www.w3.org/2000/svg"
_HREF = "{http://www.w3.org/1999/xlink}href"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


def tidy(svg: str, *, label: str, prefix: str) -> str:
    """Rewrite one drawing.

    Styles become attributes, so that a page may forbid inline styles and may restyle the plot by attribute;
    fonts are left to the page; the only ids kept are those the drawing refers to, each starting with `prefix`.

    Args:
        svg: as matplotlib wrote it.
        label: what is to be seen, in words.
        prefix: unique in the page.
    """
    ElementTree.register_namespace("", SVG)
    source = ElementTree.fromstring(svg)
    wanted = _references(source)
    names = {old: f"{prefix}-{number}" for number, old in enumerate(wanted, 1)}
    root = ElementTree.Element(f"{{{SVG}}}svg", {"viewBox": source.attrib["viewBox"], "role": "img", "aria-label": label})
    root.attrib |= {"font-family": "system-ui, sans-serif", "stroke-linejoin": "round"}
    for child in source:
        root.extend(_rebuilt(child, names))
    return ElementTree.tostring(root, encoding="unicode")


def _rebuilt(element: ElementTree.Element, names: dict[str, str]) -> list[ElementTree.Element]:
    """The element as it is to stand; nothing for a style sheet, its children for a group that says nothing."""
    tag = element.tag.removeprefix(f"{{{SVG}}}")
    if tag in ("style", "metadata"):
        return []
    children = [made for child in element for made in _rebuilt(child, names)]
    attributes = _attributes(element, names)
    if tag in ("g", "defs") and not (attributes if tag == "g" else children):
        return children
    made = ElementTree.Element(element.tag, attributes)
    made.extend(children)
    made.text = element.text if tag == "text" else None
    return [made]


def _attributes(element: ElementTree.Element, names: dict[str, str]) -> dict[str, str]:
    attributes: dict[str, str] = {}
    style = dict(re.findall(r"([a-z-]+): ([^;]+)", element.attrib.get("style", "")))
    for key, value in {**element.attrib, **style}.items():
        if key == "id":
            if value in names:
                attributes["id"] = names[value]
        elif key == _HREF:
            attributes["href"] = "#" + names[value.removeprefix("#")]
        elif key not in ("style", "font-family") and not (key == "transform" and value.startswith("rotate(-0 ")):
            value = _REFERENCE.sub(lambda found: f"url(#{names[found[1]]})", value)
            attributes[key] = value if value.startswith("url") else _short(value)
    return attributes


def _short(numbers: str) -> str:
    """Coordinates to a hundredth of a point; matplotlib's line ends become spaces."""
    rounded = re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), numbers)
    return " ".join(rounded.split())


def _references(root: ElementTree.Element) -> list[str]:
    """The ids referred to, in order of first mention."""
    found: dict[str, None] = {}
    for element in root.iter():
        if _HREF in element.attrib:
            found[element.attrib[_HREF].removeprefix("#")] = None
        for value in element.attrib.values():
            found |= dict.fromkeys(_REFERENCE.findall(value))
    return list(found)

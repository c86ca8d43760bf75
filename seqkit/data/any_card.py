"""What the cards of all corpora share: names, licence, citation, and files that can be verified."""

import re
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator

from seqkit.config import Config
from seqkit.data.splitting import SPLITS
from seqkit.errors import UserError

Key = TypeVar("Key", bound=str)


def _stays_inside(path: str) -> str:
    parts = path.split("/")
    if not path.isprintable() or "\\" in path or ":" in path or {"", ".", ".."} & set(parts):
        raise ValueError("should be a relative path with forward slashes that stays inside its folder")
    return path


def matching(pattern: str, meaning: str) -> AfterValidator:
    """The check that a whole text follows a regular expression."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text, flags=re.DOTALL):
            raise ValueError(f"should be {meaning}")
        return text

    return AfterValidator(check)


Text = Annotated[str, matching(r".*\S.*", "some text"), AfterValidator(str.strip)]
Url = Annotated[str, matching(r"https?://[^\s/]+(/\S*)?", "a web address that starts with https:// or http://")]
Sha256 = Annotated[str, matching(r"[0-9a-f]{64}", "64 lower-case hexadecimal digits")]
Language = Annotated[str, matching(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", "a BCP-47 tag such as 'en' or 'zh-Hans'")]
Inside = Annotated[str, AfterValidator(_stays_inside)]
FileKey = Annotated[str, matching(r"[a-z0-9_-]+", "a word in lower case")]


class Strict(Config):
    """Values of TOML are taken as they are: no number is read out of a string."""

    model_config = ConfigDict(strict=True)


class CardFile(Strict):
    """One file of a corpus.

    Args:
        path: where it lies in a mirror, in the cache and among the packaged corpora: `ner/wnut17/wnut17train.conll`.
        url: where to download it; None for a corpus that is only packaged or mirrored. A `.gz` is decompressed.
        member: its name inside the zip or tar archive at `url`.
        sha256: of the uncompressed content.
        bytes: of the uncompressed content.
    """

    path: Inside
    url: Url | None = None
    member: Text | None = None
    sha256: Sha256 | None = None
    bytes: int | None = Field(default=None, gt=0)


class AnyCard(Strict, Generic[Key]):
    """What every corpus has.

    Args:
        name: `<task>/<name>`, the folder of the card.
        language: a BCP-47 tag.
        revision: the commit or version of the source that the sums belong to.
        oddities: what a user of the corpus should know before believing a score.
        embedded: the files come with seqkit.
    """

    name: Annotated[str, matching(r"[a-z0-9_]+/[a-z0-9_]+", "<task>/<name> in lower case, as 'ner/wnut17'")]
    title: Text
    description: Text
    language: Language
    licence: Text
    citation: Text
    homepage: Url | None = None
    revision: Text | None = None
    embedded: bool = False
    oddities: list[Text] = Field(default_factory=list)
    files: dict[Key, CardFile] = Field(default_factory=dict)

    @field_validator("files")
    @classmethod
    def _can_be_had_and_verified(cls, files: dict[Key, CardFile], info: ValidationInfo) -> dict[Key, CardFile]:
        embedded = info.data.get("embedded")
        for key, file in files.items():
            if embedded and file.url is not None:
                raise ValueError(f"{key} needs no url, because the corpus is embedded")
            if embedded is False and file.sha256 is None:
                raise ValueError(f"{key} needs a sha256, because the corpus is not embedded")
            if file.member is not None and file.url is None:
                raise ValueError(f"{key} names a member of an archive but no url")
        return files

    def file(self, key: str) -> CardFile:
        """The file of a split; for running text that seqkit splits, the file so named.

        Raises:
            UserError: the corpus has no such file.
        """
        known: dict[str, CardFile] = {**self.files}
        if key not in known:
            what = "split" if key in SPLITS else "file"
            raise UserError(f"{self.name} has no '{key}' {what} (it has: {', '.join(known)})")
        return known[key]

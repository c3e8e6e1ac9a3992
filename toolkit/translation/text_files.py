"""Reading text files as people have them: compressed or not, with or without a byte order mark, any line ends."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from toolkit.errors import DataError

_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
UTF8 = "utf-8"


@contextmanager
def open_binary(path: Path) -> Iterator[BinaryIO]:
    """A file's bytes, uncompressed when its name ends in `.gz`.

    Raises:
        DataError: the file is missing, is a folder, may not be read, or its compression is damaged.
    """
    try:
        with open(path, "rb") as raw:
            if path.suffix.lower() == ".gz":
                with gzip.GzipFile(fileobj=raw) as unpacked:
                    yield cast(BinaryIO, unpacked)
            else:
                yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is damaged: {error}", "fetch or compress it again; `gzip -t` checks it") from error
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file", "check the path") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}", "check the path and its rights") from error


def read_bytes(path: Path) -> bytes:
    """All bytes of a file, uncompressed when its name ends in `.gz`.

    Raises:
        DataError: as `open_binary`.
    """
    with open_binary(path) as file:
        return file.read()


def lines(path: Path, encoding: str = UTF8) -> Iterator[str]:
    r"""The lines of a text file without their ends, one by one.

    A line ends with `\n`, `\r\n` or `\r`, also mixed in one file; no other character ends one (U+2028 does not). A byte
    order mark is left out.

    Args:
        path: the file; `.gz` is unpacked on the way.
        encoding: of its characters, as Python names it.

    Raises:
        DataError: the file cannot be read, or is not in this encoding; the message names the line.
    """
    with open_text(path, encoding) as file:
        number = 0
        try:
            for number, line in enumerate(file, start=1):  # noqa: B007 - the message below needs it
                yield line.removesuffix("\n")
        except UnicodeError as error:
            raise encoding_error(path, encoding, number + 1, error) from error


@contextmanager
def open_text(path: Path, encoding: str = UTF8, newline: str | None = None) -> Iterator[io.TextIOWrapper]:
    """A file as text, its byte order mark left out; reading it may raise UnicodeError (see `encoding_error`).

    Args:
        path: the file; `.gz` is unpacked on the way.
        encoding: of its characters, as Python names it.
        newline: as `open` has it; `None` makes every line end one character, an empty text keeps them.

    Raises:
        DataError: the file cannot be read, the encoding is unknown, or its byte order mark says another one.
    """
    with open_binary(path) as file:
        beginning = file.read(4)
        file.seek(0)
        _check_mark(path, beginning, encoding)
        name = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
        try:
            text = io.TextIOWrapper(file, name, newline=newline)
        except LookupError as error:
            raise DataError(
                f"{path}: there is no encoding '{encoding}'", "names are utf-8, latin-1, gb18030, ..."
            ) from error
        try:
            yield text
        finally:
            text.detach()  # the file is closed by who opened it


def encoding_error(path: Path, encoding: str, line: int, error: UnicodeError) -> DataError:
    """What to tell the user about bytes that are no characters.

    Args:
        path: the file.
        encoding: in which it was read.
        line: the last line that was certainly reached, from 1; the exact one is looked up where that is possible.
        error: what the decoder said.
    """
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig"):
        line = _first_bad_line(path) or line
    found = ""
    if isinstance(error, UnicodeDecodeError):
        found = f" (byte 0x{error.object[error.start]:02x})"
    return DataError(
        f"{path}:{line}: is not text in {encoding.upper()}{found}",
        "give its encoding (latin-1, cp1252, gb18030, utf-16, ...), or convert it: "
        f"iconv -f LATIN1 -t UTF-8 {path.name} > new",
    )


def _first_bad_line(path: Path) -> int | None:
    """The first line that is not UTF-8, from 1."""
    with open_binary(path) as file:
        number = 1
        for raw in file:
            try:
                number += _line_ends(raw.decode())
            except UnicodeDecodeError as error:
                return number + _line_ends(raw[: error.start].decode())
    return None


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def _check_mark(path: Path, beginning: bytes, encoding: str) -> None:
    wanted = encoding.lower().replace("_", "-")
    for mark, name in _BYTE_ORDER_MARKS:
        if beginning.startswith(mark):
            if not wanted.startswith(name):
                raise DataError(
                    f"{path}:1: is text in {name.upper()} (its first bytes say so), not in {encoding.upper()}",
                    f"give the encoding {name}, or convert it: iconv -f {name.upper()} -t UTF-8 {path.name} > new",
                )
            return

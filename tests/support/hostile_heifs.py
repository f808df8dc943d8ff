"""Hostile HEIFs and AVIFs, each with its outcome: a named error, or None for one that is read."""

from __future__ import annotations

import struct
import zlib
from base64 import b85decode
from collections.abc import Callable
from functools import cache

from frames.images import ImageTooLarge, NotAnImage
from support.pictures import cross, encoded, heic


def box(name: bytes, body: bytes) -> bytes:
    """A box of ISO's base format."""
    return struct.pack(">I", 8 + len(body)) + name + body


@cache
def good(kind: str) -> bytes:
    return heic(cross("RGB")) if kind == "HEIC" else encoded(cross("RGB"), "AVIF")


def starting_with(kind: str, brands: bytes) -> bytes:
    """A file that says to be of other brands."""
    whole = good(kind)
    (length,) = struct.unpack(">I", whole[:4])
    return box(b"ftyp", brands[:4] + bytes(4) + brands[4:]) + whole[length:]


def claiming(kind: str, width: int, height: int) -> bytes:
    """A file whose header claims another size."""
    whole = good(kind)
    at = whole.index(b"ispe") + 8
    return whole[:at] + struct.pack(">II", width, height) + whole[at + 8 :]


def in_meta(kind: str, boxes: bytes) -> bytes:
    """A file with more boxes in the one that describes its pictures."""
    (length,) = struct.unpack(">I", good(kind)[:4])
    return good(kind)[:length] + box(b"meta", bytes(4) + box(b"hdlr", bytes(8) + b"pict" + bytes(13)) + boxes)


def nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = box(b"ipco", inner)
    return box(b"iprp", inner)


def items(count: int) -> bytes:
    entry = box(b"infe", b"\x02\0\0\0" + bytes(4) + b"hvc1\0")
    return box(b"iinf", b"\x01\0\0\0" + struct.pack(">I", count) + entry * count)


def between(kind: str, extra: bytes) -> bytes:
    (length,) = struct.unpack(">I", good(kind)[:4])
    return good(kind)[:length] + extra + good(kind)[length:]


def avif_bomb() -> bytes:
    """A white AVIF of 14,000 x 14,000 in colour, whose header claims 64 x 64."""
    return zlib.decompress(b85decode("".join(_BOMB)))


def cut(kind: str) -> bytes:
    return good(kind)[: -len(good(kind)) // 8]


_BOMB = (
    "c-muNU{FXasVqn=%S>Yc0uY^>nP!-qnV9D5Xy^nKdYzkElE?r7iWw<6MNl?FL1uCZ0~+8f$SlbPvlxL`E;A=T8N_h`@fjhajKT~I+<8E@MrLMS",
    "8eFXukdw*;<t3IG7&_<Y<b&<X$}A`<0Mg!>1<Cn9S|qc$AQft#0~8AsWL9K?1eiHEIDiySVws_HqdX5tNH{q^rzkHurvhj)F9TZxP)IzpAQ$E*",
    "pu<=gnVMOEt}4q-Nh}d!;Nq75Ubg<$-bGAOyc|Y%#Dt&!K76R_{r~?T(;qM}1e`ymdAu+)`Frd7wI#nj{w>IuCGnj<T=r*CeAFlQMW?K?xtb?@",
    ";C{>T$kyg6cN5Q>qI2I%OPP+m@~IAUJFve!wP#cBVK?{S+BL<`+un;#Sy49>OiU-<L_6M+*7p^U4o&&XB$IZgc`x&C!#L6N8@8mV$7_E1F0d%?",
    "?Bl@H;AN*h_^zCeU;fot;c$>ih4Qho`r=$0cZbp79Sz>m;2jO#(cm2o-qGM44PN4dH;ZacFG-)FB%?Uj<6~Lalbkt>JO3p7R8gAx;V1ikjg_kN",
    "f8E@$bhz3@)3`G2U9md9?DF>?FT1oj$|d&juHxSZ0F{diH2",
)
Outcomes = dict[str, tuple[Callable[[], bytes], type[Exception] | None]]

_OF_BOTH: dict[str, tuple[Callable[[str], bytes], type[Exception] | None]] = {
    "{} signature alone": (lambda kind: good(kind)[:24], NotAnImage),
    "{} signature, then zeros": (lambda kind: good(kind)[:24] + bytes(1000), NotAnImage),
    "{} cut in its picture": (cut, NotAnImage),
    "{} cut in its header": (lambda kind: good(kind)[:150], NotAnImage),
    "{} of 2^31 a side": (lambda kind: claiming(kind, 2**31, 2**31), NotAnImage),
    "{} of zero width": (lambda kind: claiming(kind, 0, 64), NotAnImage),
    "{} of 20,000 nested boxes": (lambda kind: in_meta(kind, nested(20_000)), NotAnImage),
    "{} of 100,000 items": (lambda kind: in_meta(kind, items(100_000)), NotAnImage),
    "{} of a box of 2^31": (lambda kind: between(kind, b"\x7f\xff\xff\xffmeta"), NotAnImage),
    "{} of a million empty boxes": (lambda kind: between(kind, box(b"free", b"") * 1_000_000), NotAnImage),
}
HOSTILE_HEIFS: Outcomes = {
    name.format(kind): (lambda build=build, kind=kind: build(kind), outcome)  # type: ignore[misc]
    for kind in ("HEIC", "AVIF")
    for name, (build, outcome) in _OF_BOTH.items()
}
HOSTILE_HEIFS |= {
    "HEIC of 49 megapixels": (lambda: claiming("HEIC", 7000, 7000), ImageTooLarge),
    "AVIF of 20 megapixels": (lambda: claiming("AVIF", 5000, 4000), ImageTooLarge),
    "HEIC that is larger than it claims to be": (lambda: claiming("HEIC", 8, 8), NotAnImage),
    "AVIF of 200 megapixels that claims to be small": (avif_bomb, NotAnImage),
    "HEIF sequence": (lambda: starting_with("HEIC", b"msf1hevcmif1heic"), NotAnImage),
    "HEIF with a sequence behind its picture": (lambda: starting_with("HEIC", b"heicmif1msf1hevc"), NotAnImage),
    "AVIF sequence without one": (lambda: starting_with("AVIF", b"avisavifmsf1"), NotAnImage),
    "HEIC that says to be AVIF": (lambda: starting_with("HEIC", b"avifmif1"), NotAnImage),
    "AVIF that says to be HEIC": (lambda: starting_with("AVIF", b"heicmif1"), NotAnImage),
    "HEIC that says to be a film": (lambda: starting_with("HEIC", b"isommp42"), NotAnImage),
}

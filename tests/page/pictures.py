"""Pictures that tests make themselves, and files that are none."""

import random
import struct
import zlib

from harness import ROOT

CORPUS = ROOT / "tests/fuzz/corpus/photograph"


def png(seed, width=640, height=427):
    """A picture of coloured fields, another one for each seed."""
    dice = random.Random(seed)
    fields = [[bytes(dice.randrange(30, 230) for _ in range(3)) for _ in range(9)] for _ in range(6)]
    row = {index: b"\0" + b"".join(fields[index][x * 9 // width] for x in range(width)) for index in range(6)}
    return made(width, height, b"".join(row[y * 6 // height] for y in range(height)))


def made(width, height, data):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(data, 1)) + chunk(b"IEND", b"")


# What is refused: the name of a file, what it holds, and words of the reason.
REFUSED = [
    ("empty.jpg", b"", "The file is empty"),
    ("Cut off.png", png(900)[:-2000], "The file is incomplete"),
    ("Damaged.png", png(901).replace(b"IDAT", b"IDAX", 1), "The file is"),
    ("notes.txt", b"Ask Anna", "not this format"),
    ("letter.jpg", b"Dear Anna, here are my pictures.\n" * 40, "not this format"),
    ("phone.HEIC", (CORPUS / "heic").read_bytes(), "not this format"),
    ("noise.png", random.Random(1).randbytes(3_000), "not a photograph"),
    ("renamed.jpg", (CORPUS / "heic").read_bytes(), "not this format"),
    ("long.png", made(17_000, 1, b"\0" + b"\x55" * 51_000), "16,384 pixels"),
    ("huge.png", made(9_000, 9_000, b"\0"), "64 megapixels"),
]

"""SPI flash chips found on Beken modules, by JEDEC id, and how to unprotect them.

Source: BK7231 sheet 4.3 (merged from several flashers and the vendor's flash table), and 4.2 for
an id that is not here.
"""

from __future__ import annotations

from dataclasses import dataclass

PROTECT_BITS = 0x407C
"""CMP and BP0 to BP4 of most chips, SR2 in the high byte (BK7231 sheet 4.1)."""
KEPT_EXCEPT = 0x0003
"""WIP and WEL come and go by themselves; every other bit must survive an unprotect."""


@dataclass(frozen=True, slots=True)
class FlashChip:
    """One flash part.  `read_ops` and `write_ops` are SPI opcodes of its status registers, lowest
    first; `mask` has the protection bits, second register in the high byte; `size` is bytes."""

    id: bytes
    part: str
    size: int
    registers: int
    read_ops: bytes
    write_ops: bytes
    mask: int


# JEDEC id, log2 of the size, status registers, read opcodes, write opcodes, protection mask, part.
_TABLE = """
c44010 16 2 05,35    01,31    407C GT GT25Q05D
c44011 17 2 05,35    01,31    407C GT GT25Q10D
c44012 18 2 05,35    01,31    407C GT GT25Q20D
854412 18 1 05       01       007C PY PY25D22U
854512 18 1 05       01       007C PY PY25D24U
b36012 18 2 05,35    01       407C UC UC25HQ20
eb6012 18 2 05,35    01       407C TH TH25D20HA
e04013 19 1 05       01       401C BY PN25Q40A
514013 19 1 05       01       001C GD GD25D40
c86413 19 1 05       01       401C GD GD25Q41BT
c84013 19 1 05       01       401C GD GD25Q41B
856013 19 2 05,35    01       407C Puya P25Q40
cd6013 19 2 05,35    01       407C TH TH25D40HB
1c3113 19 1 05       01       003C xtx PN25F04B
c22313 19 2 05,35    01       407C MXIC MX25V4035F
c44013 19 2 05,35    01,31    407C GT GT25Q40D
b36013 19 2 05,35    01       407C UC UC25HQ40
c86513 19 2 05,35    01,31    407C GD GD25Q41B
cd7113 19 2 05,35    01       407C TH TH25D40UC
014b42 19 0 -        -        0000 BK BK
e04014 20 1 05       01       401C BY PN25Q80A
c86414 20 1 05       01       407C GD GD25WD80E
514014 20 1 05       01       001C GD GD25D80
c84014 20 2 05,35    01       407C GD GD25D80
856014 20 2 05,35    01       407C Puya P25Q80
cd6014 20 2 05,35    01       407C TH TH25Q80HB
c22314 20 2 05,15    01       103C WH MX25V8035F
5e4014 20 1 05       01       003C xtx PN25F08B
c22014 20 1 05       01       007C MXIC MX25V80066
0b4014 20 2 05,35    01,31    407C XTX XT25F08F
c86514 20 2 05,35    01       407C GD GD25WQ80E
1c7015 21 1 05       01       003C ESMT EN25QH16B
c84015 21 2 05,35    01       407C GD GD25Q16B
c86515 21 2 05,35    01       407C GD GD25WQ16E
c46015 21 3 05,35,15 01,31,11 407C GT GT25Q16B
854215 21 1 05       01       407C Puya P25Q16HB
852015 21 2 05,35    01,31    407C Puya P25Q16HBK
856015 21 2 05,35    01,31    407C Puya P25Q16SU
eb6015 21 2 05,35    01       407C TH TH25Q16HB
c22315 21 2 05,15    01       103C WH MX25V1635F
0b4015 21 2 05,35    01       407C xtx XT25F16B
4b4015 21 2 05,35    01       407C XTX XT25F16B_1
cd7115 21 2 05,35    01       407C TH TH25Q16UC
1c4116 22 2 05,35    01       407C ESMT EN25QE32A
1c6116 22 2 05,35    01       407C ESMT EN25QW32A
c86516 22 2 05,35    01       407C GD GD25WQ32E
c84016 22 2 05,35    01       407C GD GD25Q32E
856016 22 2 05,35    01       407C Puya P25Q32H
852016 22 2 05,35    01,31    407C Puya P25Q32HB
0b4016 22 2 05,35    01       407C xtx XT25F32B
204016 22 2 05,35    01,31    407C XM XM25QH32D
cd6016 22 2 05,35    01       407C TH TH25Q32UB
856516 22 2 05,35    01,31    407C PY PY25Q32LB
c86517 23 2 05,35    01       407C GD GD25WQ64E
856017 23 2 05,35    01       407C Puya P25Q64H
0b6017 23 2 05,35    01       407C xtx XT25Q64B
0b4017 23 2 05,35    01       407C xtx XT25F64B
852017 23 2 05,35    01,31    407C PY PY25Q64HA
204017 23 2 05,35    01,31    407C XM XM25QH64D
c84017 23 2 05,35    01,31    407C GD GD25Q64C
cd6017 23 2 05,35    01,31    407C TH TH25Q64HB
eb6017 23 2 05,35    01,31    407C TH TH25Q64HA
c86018 24 2 05,35    01       407C GD GD25LQ128E
c86518 24 2 05,35    01       407C GD GD25WQ128E
852018 24 2 05,35    01,31    407C Puya P25Q128HA
ef4018 24 2 05,35    01       407C WB WB25Q128JV
204118 24 2 05,35    01       407C XMC XM25QU128C
0b4018 24 3 05,35,15 01,31,11 407C xtx XT25F128F
0b6018 24 3 05,35,15 01,31,11 407C xtx XT25Q128B
5e5018 24 2 05,35    01,31    407C Zbit ZB25LQ128C
204018 24 2 05,35    01,31    407C XM XM25QH128D
684018 24 2 05,35    01       7C7C BY BY25Q128ES
c44018 24 2 05,35    01,31    407C GT GT25Q128EZ
c84018 24 2 05,35    01,31    407C GD GD25Q128C
686018 24 2 05,35    01       407C BY BY25Q128EL
a16018 24 2 05,35    01,31    407C FM FM25LQ128I
ef6018 24 2 05,35    01,31    407C WB WB25Q128JW_IQ
856518 24 2 05,35    01       407C PY PY25Q128LA
ef8018 24 2 05,35    01,31    407C WB WB25Q128JW_IM
c86819 25 1 05       01       407C GD GD25LX256E
204019 25 2 05,35    01,31    407C XM XM25QH256D
c84019 25 2 05,35    01,31    407C GD GD25Q256C
c86019 25 2 05,35    01,31    407C GD GD25LQ256E
c8471a 26 2 05,35    01,31    407C GD GD25Q512C
0e4016 22 2 05,35    01       407C not named
1c7016 22 1 05       01       007C not named
ef4016 22 2 05,35    01       407C not named
"""


def _ops(text: str) -> bytes:
    return b"" if text == "-" else bytes.fromhex(text.replace(",", ""))


def _chip(line: str) -> FlashChip:
    jedec, power, count, reads, writes, mask, part = line.split(maxsplit=6)
    return FlashChip(
        id=bytes.fromhex(jedec),
        part=part,
        size=1 << int(power),
        registers=int(count),
        read_ops=_ops(reads),
        write_ops=_ops(writes),
        mask=int(mask, 16),
    )


FLASH_CHIPS = {chip.id: chip for chip in map(_chip, _TABLE.strip().splitlines())}


def generic(jedec: bytes, status: int) -> FlashChip:
    """How to treat a chip that is not in the table (sheet 4.2): the common registers and bits,
    each write read back.  The second register counts only when what it reads is plausible: not
    FF, and not the first one again."""
    low, high = status & 0xFF, status >> 8
    one = high == 0xFF or (high == low and high != 0)
    return FlashChip(
        id=jedec,
        part="not in the table",
        size=size_by_id(jedec) or 0,
        registers=1 if one else 2,
        read_ops=b"\x05" if one else b"\x05\x35",
        write_ops=b"\x01" if one else b"\x01\x31",
        mask=PROTECT_BITS & 0xFF if one else PROTECT_BITS,
    )


def size_by_id(jedec: bytes) -> int | None:
    """Bytes of flash that the third id byte states; None where it is not a likely size."""
    return 1 << jedec[2] if len(jedec) == 3 and 0x13 <= jedec[2] <= 0x18 else None

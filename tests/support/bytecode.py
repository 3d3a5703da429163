"""What each Python compiles one source to, recorded; no interpreter but this one is needed."""

import base64
import re
import struct
from dataclasses import dataclass

SOURCE = b'"""Text\nof two lines."""\n\n\ndef answer() -> int:\n    return 42\n'


@dataclass(frozen=True, kw_only=True)
class _Compiled:
    """A magic number, and `marshal.dumps` of the code object, base 85, with "@" as file name."""

    magic: int
    code: bytes


_COMPILED = {
    (3, 6): _Compiled(
        magic=3379,
        code=(
            b";{X5v000000000000RI306+i$0CN@q003kFS^#AMWC5H3WCCOZgaldwWCT+HDFu2GRAqQ{3U6j0ba!tc"
            b"Y-w&~b1o?X+6HoEbairWV*mgE00000000000096107C!(0CNNY003kGQvfLfPU$KD005}~asvPW0CEEW"
            b"0043W0002`0YKUYVQzDGWpV`o0046W000000dfTZ002%Y1KI~)Uu17%Utih-X>N3K1poj5asvPW0CEEW"
            b"0043W0001T1ONa4+6X*tZ)A0BWj+D`0046W000040{"
        ),
    ),
    (3, 7): _Compiled(
        magic=3394,
        code=(
            b"V*mgE000000000000RI306+i$0CN@q003kFS^#AMWC5H3WCCOZgaldwWCT+HDFu2GRAqQ{3U6j0ba!tc"
            b"Y-w&~b1o?X+6HoEbairWV*mgE00000000000096107C!(0CNNY003kGQvfLfPU$KD005}~asmJV0CEBV"
            b"0043V0002`0YKUYVQzDGWpV`o0046W000000dfQY002%Y1KI~)Uu17%Utih-X>N3K1ONa4asmJV0CEBV"
            b"0043V0001T0{{R3+6X*tZ)A0BWj+D`0046W000040{"
        ),
    ),
    (3, 8): _Compiled(
        magic=3413,
        code=(
            b"V*mgE00000000000000000RI306+i$0CN@q003kFS^#AMWC5H3WCCOZgaldwWCT+HDFu2GRAqQ{3U6j0"
            b"ba!tcY-w&~b1o?X+6HoEbairWV*mgE0000000000000000096107C!(0CNNY003kGQvfLfPU$KD005}~"
            b"asmJV0CEBV0043V0002`0YKUYVQzDGWpV`o0046W000000dfQY002%Y1KI~)Uu17%Utih-X>N3K1ONa4"
            b"asmJV0CEBV0043V0001T0{{R3+6X*tZ)A0BWj+A_0046W000041O"
        ),
    ),
    (3, 9): _Compiled(
        magic=3425,
        code=(
            b"V*mgE00000000000000000RI306+i$0CN@q003kFS^#AMWC5H3WCCOZgaldwWCT+HDFu2GRAqQ{3U6j0"
            b"ba!tcY-w&~b1o?X+6HoEbairWV*mgE0000000000000000096107C!(0CNNY003kGQvfLfPU$KD005}~"
            b"asmJV0CEBV0043V0002`0YKUYVQzDGWpV`o0046W000000dfQY002%Y1KI~)Uu17%Utih-X>N3K1ONa4"
            b"asmJV0CEBV0043V0001T0{{R3+6X*tZ)A0BWj+A_0046W000041O"
        ),
    ),
    (3, 10): _Compiled(
        magic=3439,
        code=(
            b"V*mgE00000000000000000RI306+i$0CN@q003kFS^#7LWdUXaWCCOZgaldwWCT+HDFu2GRAqQ{3U6j0"
            b"ba!tcY-w&~b1vEja%FUNa&BV)000000000000000000010000(0001U1ONa4WC2qEDFROEDgXcgsQ_{U"
            b"0001T0ssI2asmJV0Qvzy+6G~6b9ZHO1poj5a{>SW00aSY1ONa4PALQ02VY-gZ)0Cy+5>5BbaDg$0043V"
            b"0001T0ssI2asmJV0CEEW007zuJZ*1eb!=rm0RR91a|8eY00aOM1O"
        ),
    ),
    (3, 11): _Compiled(
        magic=3495,
        code=(
            b"V*mgE000000000000IC2000000P_|A005T&WB^(KWC3LXW&&gagaldwWCK$GDFk{FRAqQ{3U6j0ba!tc"
            b"Y-w&~b1vEja%FUNa&BV)000000000000001000030002<1^@s6mjGk|QvfLfPU$KD005}~as&VX0P_F<"
            b"008;{K-vajZgY2Ka&iX%000F50046b0001h0N4u+h%#~o0000^DFfOEUteTzV_#p|18Ht_at8na0CEHX"
            b"0043Y0001T1^@s6`UpI2Z)A0BWj=BW000010001UGynhq@B;w>0q_C=0TJ*30Ra*42mt{OkOS}l0Ray1"
            b"0099G@Bje;4)6d00S@p00Ray10099Gas>bY00"
        ),
    ),
    (3, 12): _Compiled(
        magic=3531,
        code=(
            b"V*mgE000000000000IC2000000P_?8005T&WB^(KWC3LXW&&gagaldwc>^f~dJ<G+cytPHW*~HTZy;=G"
            b"Ze?>W+6HoEbairWV*mgE00000000000000000RI30P_R@005T&c>yT`PU$KD005}~as&VX0P_F<008;{"
            b"K-vajZgY2Ka&iX%000F50046Z0001h0N4u+as>bY08S|b+6P}>WN%|%U)lp{Zgg@70001T1ONa4as>bY"
            b"0CENZ008<3JZ*1eb!=rmatZ(d009610CN@q008g<0RaK=0s#RL@CX3`4v+)%0099Gas>bY00"
        ),
    ),
    (3, 13): _Compiled(
        magic=3571,
        code=(
            b"V*mgE000000000000IC2000000P_|A005N$Qvh-RQvqB7Gy+os8UShpasp=qDFk{FRAqQ{3U6j0ba!tc"
            b"Y-w&~b1vEja%FUNa&BV)000000000000001000030002<1ONa4l>lb}DFROEDgXcgsQ_{W0002<00000"
            b"+5te?24QY<cV%*N2LJ#71poj5a|HkZ0Du743k`Aw0000^DFfOEUteTzV_#p|18Ht_at8na0CEHX0043Y"
            b"0001T1^@s6+6X*tZ)A0BWj=BW000010001U761SM@B;w>0r3I>0TJ*B0Raw>1N8s_0S<Bn0000"
        ),
    ),
}
"""By version: `marshal.dumps(compile(SOURCE, "@", "exec"))`."""

VERSIONS = tuple(_COMPILED)

_FILE = re.compile(rb"([\xfa\xda])\x01@")
"""A short string, shared, of one character; interned in Python 3.13."""


def marshalled(version: tuple[int, int], path: str) -> bytes:
    """The code object of `SOURCE` at this path, of less than 256 characters."""
    code = base64.b85decode(_COMPILED[version].code)
    name = bytes([len(path)]) + path.encode("ascii")
    data, count = _FILE.subn(lambda match: match[1] + name, code)
    assert count == 1
    return data


def header(
    version: tuple[int, int], *, time: int = 0, size: int = len(SOURCE), flags: int = 0
) -> bytes:
    """What is before it in a `.pyc` file."""
    magic = struct.pack("<H2s", _COMPILED[version].magic, b"\r\n")
    if version < (3, 7):
        return magic + struct.pack("<2L", time, size)
    return magic + struct.pack("<3L", flags, time, size)

"""How long other readers of bags of cells take: one bag in base 64 on the standard input, the number of turns and the reader as
arguments; the hash of the root and the seconds are printed."""

import sys
import time

turns, reader = int(sys.argv[1]), sys.argv[2]
text = sys.stdin.read().strip()
if reader == "tonpy":
    from tonpy import Cell

    def read():
        return Cell(text).get_hash()
else:
    import base64

    from pytoniq_core import Cell

    def read():
        return Cell.one_from_boc(base64.b64decode(text)).hash.hex()

read()
start = time.perf_counter()
for _ in range(turns):
    root = read()
print(root.lower(), time.perf_counter() - start)

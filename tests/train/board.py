"""TensorBoard itself reads the event files in a folder: board.py DIR < what it should find. 77 without TensorBoard."""

import math
import os
import sys

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError as error:
    print(f"SKIP: {error}")
    sys.exit(77)

wanted = {}
for line in sys.stdin:
    part, tag, step, value = line.split()
    wanted.setdefault((part, tag), []).append((int(step), float(value)))
found = {}
for part in ("train", "validation"):
    events = EventAccumulator(os.path.join(sys.argv[1], part)).Reload()
    for tag in events.Tags()["scalars"]:
        found[part, tag] = [(event.step, event.value) for event in events.Scalars(tag)]
if not wanted or sorted(found) != sorted(wanted):
    sys.exit(f"FAIL: found {sorted(found)}\ninstead of {sorted(wanted)}")
for key, values in wanted.items():
    same = [step for step, _ in found[key]] == [step for step, _ in values]
    close = same and all(math.isclose(a[1], b[1], rel_tol=1e-6) for a, b in zip(found[key], values))
    if not close:
        sys.exit(f"FAIL: {key}: {found[key]} instead of {values}")
print(f"OK: TensorBoard reads {len(wanted)} tags, {sum(map(len, wanted.values()))} numbers")

"""The picture of a run: for each workload how many times as long the peers take, as an SVG. Standard library only."""
import html
import math

import tables

COLOURS = {"lamina": "#222222", "keras-tf": "#d55e00", "torch": "#0072b2", "torch-compile": "#009e73"}
LEFT, RIGHT, TOP, STEP, WIDTH = 150, 190, 78, 34, 940
LEAST, MOST = 0.5, 64


def x_of(times):
    """Where so many times Lamina's time stands, on a scale of doublings."""
    share = math.log2(min(max(times, LEAST), MOST) / LEAST) / math.log2(MOST / LEAST)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def text(x, y, words, anchor="start", size=13, colour="#222222"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}">'
            f"{html.escape(words)}</text>")


def grid(bottom):
    parts, times = [], LEAST
    while times <= MOST:
        x = x_of(times)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP - 14}" x2="{x:.1f}" y2="{bottom}" stroke="#dddddd" '
                     f'stroke-width="{2 if times == 1 else 1}"/>')
        parts.append(text(x, bottom + 18, f"{times:g}×", "middle", 12, "#666666"))
        times *= 2
    return parts


def legend():
    parts, x = [], LEFT
    for who, colour in COLOURS.items():
        parts.append(f'<circle cx="{x}" cy="40" r="6" fill="{colour}"/>')
        parts.append(text(x + 12, 44, {"lamina": "Lamina", "keras-tf": "Keras/TF"}.get(who, who)))
        x += 24 + 8 * len({"lamina": "Lamina", "keras-tf": "Keras/TF"}.get(who, who)) + 14
    parts.append(f'<path d="M{x} 33v14" stroke="#222222" stroke-width="3"/>' + text(x + 9, 44, "goal"))
    x += 60
    parts.append(f'<path d="M{x - 5} 40l5 -6l5 6l-5 6z" fill="none" stroke="#222222"/>' + text(x + 12, 44, "bound"))
    return parts


def workload(w, y):
    ms = w["ms"]["lamina"]
    parts = [text(LEFT - 12, y + 4, w["name"], "end"),
             f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#eeeeee"/>']
    if w["goal"]:
        parts.append(f'<path d="M{x_of(w["goal"]):.1f} {y - 9}v18" stroke="#222222" stroke-width="3"/>')
    if w["of_bound"]:
        parts.append(f'<path d="M{x_of(w["of_bound"]) - 5:.1f} {y}l5 -6l5 6l-5 6z" fill="none" stroke="#222222"/>')
    for who in tables.PEERS + ("lamina",):
        if who in w["ms"]:
            parts.append(f'<circle cx="{x_of(w["ms"][who] / ms):.1f}" cy="{y}" r="6" fill="{COLOURS[who]}"/>')
    ratio = f"{w['ratio']:.1f}×" if w["ratio"] else "no peer"
    parts.append(text(WIDTH - RIGHT + 14, y + 4, f"{ms:.3g} ms, {ratio}" + ("" if w["reached"] or not w["goal"] else " (not yet)")))
    return parts


def draw(result, path):
    rows = result["workloads"]
    bottom = TOP + STEP * max(len(rows) - 1, 0) + 20
    m = result["machine"]
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 34}" font-family="sans-serif">',
             f'<rect width="{WIDTH}" height="{bottom + 34}" fill="white"/>',
             text(LEFT, 20, f"Time of a step as a multiple of Lamina's: {m['cpu']}, {m['cores']} cores, {result['date']}", size=14)]
    parts += legend() + grid(bottom)
    for i, row in enumerate(rows):
        parts += workload(row, TOP + STEP * i)
    path.write_text("\n".join(parts + ["</svg>"]) + "\n")

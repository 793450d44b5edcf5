"""What make bench prints."""
PEERS = "keras-tf", "torch", "torch-compile"
# Ratios to the fastest peer. A workload also counts as reached at 75 % of its bound.
GOALS = {"seedcnn": 5, "seedcnn_infer_1": 5, "seedcnn_infer_256": 3, "charlstm": 1.8, "autoencoder": 2.7,
         "resnet20": 1.6, "gpt": 2, "dcgan": 1.6}
NEAR = 0.75


def disturbed(row):
    """Whether the bound was measured at a much worse moment than the step itself, so that it says nothing."""
    return bool(row.get("bound_ms")) and row["bound_ms"] > 1.1 * row["ms_per_step"]


def falls(row):
    """Whether a row's loss falls; None where it has none."""
    first, last = row.get("loss_first"), row.get("loss_last")
    return None if first is None or last is None else last < first


def summary(name, rows):
    """One workload: everybody's milliseconds, and what they mean."""
    lamina = rows["lamina"]
    ms = lamina["ms_per_step"]
    peers = {who: rows[who]["ms_per_step"] for who in PEERS if who in rows}
    fastest = min(peers, key=peers.get) if peers else None
    ratio = peers[fastest] / ms if fastest else None
    bound = lamina.get("bound_ms")
    goal = GOALS.get(name)
    reached = []
    if ratio and goal and ratio >= goal:
        reached.append("ratio")
    if bound and ms <= bound / NEAR and not disturbed(lamina):
        reached.append("bound")
    return {
        "name": name, "ms": {"lamina": ms, **peers}, "fastest_peer": fastest, "ratio": ratio,
        "gflops": 1e-6 * lamina["flops_per_step"] / ms, "bound_ms": bound, "of_bound": bound / ms if bound else None,
        "goal": goal, "reached": reached,
        "losses": {who: [row.get("loss_first"), row.get("loss_last")] for who, row in rows.items()},
        "losses_fall": all(falls(row) is not False for row in rows.values()),
    }


def number(value, width, digits):
    return f"{value:{width}.{digits}f}" if value is not None else " " * (width - 1) + "-"


def row(w):
    ms = "".join(number(w["ms"].get(who), 11, 3) for who in ("lamina",) + PEERS)
    ratio = f"{w['ratio']:7.2f}x" if w["ratio"] else "       -"
    goal = f"{w['goal']:>6}x" if w["goal"] else "      -"
    reached = "yes, by its " + " and ".join(w["reached"]) if w["reached"] else "no"
    share = f"{100 * w['of_bound']:6.0f} %" if w["of_bound"] else "       -"
    return f"{w['name']:<18}{ms}{ratio}{goal}{w['gflops']:9.0f}{number(w['bound_ms'], 10, 3)}{share}   {reached}"


def losses(w):
    def pair(two):
        return "-" if two[0] is None else f"{two[0]:.4f} -> {two[1]:.4f}" + ("" if two[1] < two[0] else " (!)")
    return "   ".join(f"{who} {pair(two)}" for who, two in w["losses"].items() if two[0] is not None)


def show(result):
    m, v = result["machine"], result["versions"]
    print(f"\n{result['date']}, {m['cpu']}, {m['cores']} cores ({', '.join(m['flags'])}), {m['memory']}; {'; '.join(m['caches'])}")
    print(f"{v['lamina']}; Keras {v['keras']}, TensorFlow {v['tensorflow']}, PyTorch {v['torch']}")
    for note in result["notes"]:
        print(f"Note: {note}.")
    print("\nMilliseconds per step, the best of all rounds; ratio: the fastest peer's to Lamina's; bound: what the step needs"
          "\nat least, measured in the same run. Reached: the goal, or 75 % of the bound.\n")
    print(f"{'workload':<18}" + "".join(f"{who:>{11 if who != 'torch-compile' else 14}}"[-11:] for who in
                                         ("lamina", "keras-tf", "torch", "compile")) +
          "   ratio   goal  GFLOP/s  bound ms  of bound  reached")
    for w in result["workloads"]:
        print(row(w))
    for w in result["workloads"]:
        if w["of_bound"] and w["of_bound"] > 1.1:
            print(f"Note: the bound of {w['name']} was measured at a worse moment than the workload, and does not count.")
    missing = [name for name in GOALS if name not in [w["name"] for w in result["workloads"]]]
    if missing:
        print(f"Not measured: {', '.join(missing)}")
    print("\nLosses, first to last step (they must fall):")
    for w in result["workloads"]:
        if losses(w):
            print(f"{w['name']:<18}{losses(w)}")
    show_appendix(result)


def show_appendix(result):
    if result.get("batches"):
        print("\nTraining seedcnn by batch size, milliseconds per step:")
        sizes = sorted({b["batch"] for b in result["batches"]})
        print(f"{'batch':<10}" + "".join(f"{n:>9}" for n in sizes))
        for who in ("lamina",) + PEERS:
            by = {b["batch"]: b["ms_per_step"] for b in result["batches"] if b["who"] == who}
            if by:
                print(f"{who:<10}" + "".join(number(by.get(n), 9, 3) for n in sizes))
    if result.get("threads"):
        print("\nLamina on 1 and on 2 threads, milliseconds per step:")
        for t in result["threads"]:
            print(f"{t['name']:<18}{t['ms'][0]:>11.3f}{t['ms'][1]:>11.3f}   {t['ms'][0] / t['ms'][1]:.2f} times")
    if result.get("fit"):
        f = result["fit"]
        print(f"\nfit with its progress bar, two epochs of MNIST: {f['lamina']:.3f} ms a step, Keras {f['keras-tf']:.3f}: "
              f"{f['keras-tf'] / f['lamina']:.2f} x (goal 5)")
    if result.get("start"):
        s = result["start"]
        print(f"\nFrom the start of the command to its end with one prediction made: {s['first_prediction_ms']:.1f} ms (goal 15); "
              f"planning seedcnn: {s['planning_ms']:.1f} ms (goal 20)")
    for row in result["rows"]:
        if row["who"] == "lamina" and row["name"] == "seedcnn":
            print(f"Peak memory of training seedcnn: {row['peak_rss_mb']:.0f} MB (goal 200)")
    if result.get("predictors"):
        p = result["predictors"]
        print(f"\nTwo threads that predict with one model, a core each, against one ({p['batch']} picture a call): "
              f"{p['ratio']:.2f} times (goal 1.9)")

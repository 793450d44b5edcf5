"""Training seedcnn with other batch sizes on a peer, by the functions of its own program, one JSON line a size.
Usage: peer_batches.py PROGRAMS keras|torch SIZE…"""
import json
import pathlib
import sys
import time

programs, peer, sizes = pathlib.Path(sys.argv[1]), sys.argv[2], [int(n) for n in sys.argv[3:]]
sys.path.insert(0, str(programs))
# The program up to where it runs its workloads.
source = (programs / f"peer_{peer}.py").read_text().partition("\nfor w in ")[0]
sys.argv = [f"peer_{peer}.py", "seed"]
exec(compile(source, f"peer_{peer}.py", "exec"))
(X, Y), _ = mnist()


def torch_step(size):
    x, y = torch.tensor(X.copy()).float().reshape(-1, 1, 28, 28) / 255, torch.tensor(Y.copy()).long()
    model = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(5408, 128), nn.ReLU(),
                          nn.Linear(128, 10))
    adam, at = torch.optim.Adam(model.parameters(), fused=True), [0]

    def step():
        first = at[0] % (len(x) // size) * size
        at[0] += 1
        adam.zero_grad(set_to_none=True)
        F.cross_entropy(model(x[first:first + size]), y[first:first + size]).backward()
        adam.step()
    return step


def keras_step(size):
    model = keras.Sequential([keras.Input((28, 28, 1)), L.Conv2D(32, 3, activation='relu'), L.MaxPooling2D(2), L.Flatten(),
                              L.Dense(128, activation='relu'), L.Dense(10, activation='softmax')])
    train = mk(model, 'sparse_categorical_crossentropy', keras.optimizers.Adam())
    x, y = ds((X.reshape(-1, 28, 28, 1) / 255.).astype('f'), Y.astype('i8'))
    at = [0]

    def step():
        first = at[0] % (len(X) // size) * size
        at[0] += 1
        float(train(x[first:first + size], y[first:first + size]))
    return step


for size in sizes:
    step = torch_step(size) if peer == "torch" else keras_step(size)
    for _ in range(3):
        step()
    best, begun = float("inf"), time.monotonic()
    while time.monotonic() - begun < 1.5:
        start = time.monotonic()
        for _ in range(5):
            step()
        best = min(best, (time.monotonic() - start) / 5)
    print(json.dumps({"batch": size, "ms_per_step": 1e3 * best}), flush=True)

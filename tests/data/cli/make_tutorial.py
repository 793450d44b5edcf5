"""The tutorial's network as real Keras's to_json() prints it, compiled and not: python make_tutorial.py FOLDER"""
import sys

import keras

layers = keras.layers
model = keras.Sequential([
    layers.Input((28, 28, 1)),
    layers.Conv2D(32, (3, 3), activation="relu"),
    layers.MaxPooling2D((2, 2)),
    layers.Flatten(),
    layers.Dense(128, activation="relu"),
    layers.Dense(10, activation="softmax"),
])
with open(f"{sys.argv[1]}/tutorial_bare.json", "w") as file:
    file.write(model.to_json())
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
with open(f"{sys.argv[1]}/tutorial.json", "w") as file:
    file.write(model.to_json())

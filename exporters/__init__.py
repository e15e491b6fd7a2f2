"""From a performance to files. Imports the solver's nouns only: no torch, no OpenCV, no Qt."""

from collections.abc import Callable
from pathlib import Path

from exporters import metahuman, to_anim, to_csv, to_fbx, to_gltf, to_json, to_usd
from exporters.scene import Scene

FORMATS = {"json": ".mien.json", "csv": ".csv", "fbx": ".fbx", "glb": ".glb", "usd": ".usdc", "maya": ".maya.anim",
           "unity": ".unity.anim", "metahuman": ".metahuman.csv", "usda": ".usda",
           "metahuman-fbx": ".metahuman.fbx", "metahuman-json": ".metahuman.json"}
"""What a user calls a format -> the suffix of its file, TAKE + suffix."""

WRITERS: dict[str, Callable[[Scene, Path], None]] = {
    ".mien.json": to_json.write, ".csv": to_csv.write, ".fbx": to_fbx.write, ".glb": to_gltf.write,
    ".usdc": to_usd.write, ".usda": to_usd.write, ".usd": to_usd.write, ".maya.anim": to_anim.write_maya,
    ".unity.anim": to_anim.write_unity, ".metahuman.csv": metahuman.write_csv,
    ".metahuman.fbx": metahuman.write_fbx, ".metahuman.json": metahuman.write_json}
"""Suffix -> write(scene, path), which puts the whole file there at once or raises OutputError."""

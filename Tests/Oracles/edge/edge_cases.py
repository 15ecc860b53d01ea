"""What `make edge` exports for every target, and what it asks of the answers."""

from dataclasses import dataclass, field

TRIED = ["onnxruntime", "openvino", "opencv", "tract", "mnn", "ncnn", "litert"]
# Verified in onnxruntime alone.
UNTRIED = ["onnxruntime-web", "tensorrt", "coreml-script"]
TARGETS = TRIED + UNTRIED
# Cosines with Unmask's own answers.
GATE = {"fp32": 0.9999, "fp16": 0.999, "int8": 0.99, "int8-weights": 0.99, "int4-weights": 0.95}
# Of what rounds by itself (bfloat16, float16 storage), and of pictures that are resized in the file.
ROUNDED_GATE = 0.999
# What takes many seconds a picture.
SLOW = [("tract", "fp16")]


@dataclass
class Case:
    model: str
    part: str
    precision: str = "fp32"
    options: list = field(default_factory=list)

    @property
    def label(self):
        return " ".join([self.model, self.part, *self.options])


def cases(small):
    shipped = [Case("fashion-vit", "classifier", p) for p in ["fp32", "fp16", "int8"]]
    sized = ["--preprocess", "--source-size", "28"]
    if small:
        return shipped + [Case("fashion-mae", "mae", "fp32", ["--keep", "12"]), Case("fashion-vit", "classifier", "fp32", sized)]
    every = [Case("vit-tiny", "classifier", p) for p in GATE]
    every += [Case("vit-tiny", "encoder", p) for p in ["fp32", "fp16", "int8"]]
    every += [Case("vit-small", "classifier", p) for p in ["fp32", "fp16", "int8"]] + [Case("vit-small", "encoder")]
    every += shipped + [Case("fashion-mae", "encoder", p) for p in ["fp32", "fp16", "int8"]]
    every += [Case("fashion-mae", "mae", p, ["--keep", "12"]) for p in ["fp32", "fp16"]]
    every += [Case("fashion-vit", "classifier", "fp32", sized), Case("fashion-vit", "classifier", "fp32", ["--preprocess"])]
    every += [Case("fashion-vit", "classifier", "fp32", sized + ["--input", "f32", "--layout", "nchw"])]
    return every

"""The server that a Python user would write today: LitServe with dynamic batching in front of OpenVINO.

    python peer_server.py --model vit-b-16.onnx --size 224 --channels 3 --port 8765

`POST /predict` with `{"image": base64 of a file}` answers `{"embedding": [...]}`. Decoding is Pillow's, in the worker,
where LitServe puts it.
"""

import argparse
import base64
import io

import litserve as ls
import numpy as np
import openvino
from PIL import Image


class Embedder(ls.LitAPI):
    def __init__(self, o):
        super().__init__(max_batch_size=o.batch, batch_timeout=o.timeout)
        self.o = o

    def setup(self, device):
        core = openvino.Core()
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": self.o.threads,
            "INFERENCE_PRECISION_HINT": "f32",
        }
        self.model = core.compile_model(core.read_model(self.o.model), "CPU", settings)
        self.infer = self.model.create_infer_request()

    def decode_request(self, request):
        image = Image.open(io.BytesIO(base64.b64decode(request["image"])))
        image = image.convert("RGB" if self.o.channels == 3 else "L")
        if image.size != (self.o.size, self.o.size):
            image = image.resize((self.o.size, self.o.size), Image.Resampling.BILINEAR)
        pixels = np.asarray(image, np.float32).reshape(self.o.size, self.o.size, self.o.channels)
        return ((pixels / 255 - self.o.mean) / self.o.std).transpose(2, 0, 1)

    def batch(self, inputs):
        return np.stack(inputs)

    def predict(self, x):
        return self.infer.infer([x])[0]

    def unbatch(self, output):
        return list(output)

    def encode_response(self, output):
        return {"embedding": output.tolist()}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", required=True)
    p.add_argument("--size", type=int, required=True)
    p.add_argument("--channels", type=int, required=True)
    p.add_argument("--mean", type=float, default=0.5)
    p.add_argument("--std", type=float, default=0.5)
    p.add_argument("--batch", type=int, default=8)
    p.add_argument("--timeout", type=float, default=0.005, help="seconds that a batch waits for more")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--port", type=int, required=True)
    o = p.parse_args()
    server = ls.LitServer(Embedder(o), accelerator="cpu", workers_per_device=1, track_requests=False)
    server.run(host="127.0.0.1", port=o.port, generate_client_file=False, log_level="error")


if __name__ == "__main__":
    main()

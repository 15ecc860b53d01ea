import UnmaskModel

/// Programs that run an exported file on one picture and compare with what is expected.
enum KitPrograms {
    /// `python run.py [picture]`, with onnxruntime, NumPy and Pillow.
    static let python = #"""
        """Runs model.onnx on a picture: python run.py [picture]. Without one, on golden.png, and compares the answer with
        expected.json. Needs onnxruntime, numpy and pillow."""
        import json
        import sys
        from pathlib import Path

        import numpy
        import onnxruntime
        from PIL import Image, ImageOps

        here = Path(__file__).parent
        plan = json.loads((here / "preprocessing.json").read_text())


        def prepare(image):
            resize = plan["resize"]
            height, width = resize["size"]
            kernel = getattr(Image.Resampling, resize["filter"].upper())
            if resize["mode"] == "squash":
                return image.resize((width, height), kernel)
            if resize["mode"] != "cover":
                return Image.open(here / "golden.ppm")
            (rows, columns), (columns_of, rows_of) = resize["cover"], image.size
            def scaled(side, target, other, least):
                exact = side * target // other if rows == columns else (2 * side * target + other) // (2 * other)
                return max(exact, least)
            tall, wide = scaled(rows_of, columns, columns_of, rows), scaled(columns_of, rows, rows_of, columns)
            image = image.resize((wide, tall), kernel)
            def offset(rest):
                return rest // 2 if resize["crop_offset"] == "down" else (rest + rest // 2 % 2) // 2
            left, top = offset(wide - width), offset(tall - height)
            return image.crop((left, top, left + width, top + height))


        picture = Path(sys.argv[1]) if len(sys.argv) > 1 else here / "golden.png"
        image = ImageOps.exif_transpose(Image.open(picture)).convert("L" if plan["channels"] == "L" else "RGB")
        x = numpy.asarray(image if plan["prepared_inside"] else prepare(image))
        x = x.reshape(1, x.shape[0], x.shape[1], -1)
        if plan["channels"] == "BGR":
            x = x[..., ::-1]
        if plan["input"]["type"] == "float32":
            x = x * numpy.array(plan["scale"], numpy.float32) + numpy.array(plan["shift"], numpy.float32)
        x = numpy.ascontiguousarray(x if plan["input"]["layout"] == "NHWC" else x.transpose(0, 3, 1, 2))
        session = onnxruntime.InferenceSession(here / "model.onnx", providers=["CPUExecutionProvider"])
        y = session.run([plan["output"]], {plan["input"]["name"]: x})[0].ravel()
        labels = (here / "labels.txt").read_text().splitlines() if (here / "labels.txt").exists() else None
        print(labels[y.argmax()] if labels else f"{y.size} numbers, the largest at {y.argmax()}")
        if len(sys.argv) == 1:
            wanted = json.loads((here / "expected.json").read_text())
            e = numpy.array(wanted["values"])
            cosine = e @ y / numpy.linalg.norm(e) / numpy.linalg.norm(y)
            print(f"cosine {cosine:.6f}")
            sys.exit(not cosine >= wanted["cosine"])
        """# + "\n"

    /// One picture in PPM or PGM of the size that the file takes.
    static func cplusplus(_ kit: KitDescription, cosine: Double) -> String {
        let type = kit.takesBytes ? "uint8_t" : "float"
        let place =
            kit.isChannelsLast ? "i - i % channels + c" : "c * width * height + i / channels"
        let channel = kit.recipe.order == .bgr ? "channels - 1 - i % channels" : "i % channels"
        return """
            // Runs model.onnx on golden.ppm, or on another picture in that format and of that size, and compares the answer
            // with expected.txt:
            //   c++ -std=c++17 -I ORT/include -L ORT/lib run.cpp -lonnxruntime -o run && ./run
            #include <onnxruntime_cxx_api.h>

            #include <cmath>
            #include <cstdint>
            #include <fstream>
            #include <iostream>
            #include <iterator>
            #include <string>
            #include <vector>

            int main(int count, char **words) {\(scaling(kit, "\n    const float scale[] = {", "}, shift[] = {", "};"))
                std::ifstream file(count > 1 ? words[1] : "golden.ppm", std::ios::binary);
                std::string magic;
                int64_t width = 0, height = 0, most = 0, channels = \(kit.recipe.channels);
                file >> magic >> width >> height >> most;
                file.get();
                std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
                if (int64_t(bytes.size()) != width * height * channels) { std::cerr << "not such a picture\\n"; return 2; }
                std::vector<\(type)> x(bytes.size());
                for (int64_t i = 0; i < int64_t(bytes.size()); i++) {
                    int64_t c = \(channel);
                    x[\(place)] = \(sample(kit));
                }
                std::vector<int64_t> shape{\(kit.isChannelsLast ? "1, height, width, channels" : "1, channels, height, width")};
                Ort::Env environment;
                Ort::Session session(environment, "model.onnx", Ort::SessionOptions());
                auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
                auto input = Ort::Value::CreateTensor<\(type)>(memory, x.data(), x.size(), shape.data(), shape.size());
                const char *in = "\(ModelGraph.pixels)", *out = "\(kit.output)";
                auto answers = session.Run(Ort::RunOptions(), &in, &input, 1, &out, 1);
                const float *y = answers[0].GetTensorData<float>();
                double dot = 0, a = 0, b = 0, wanted;
                std::ifstream expected("expected.txt");
                for (size_t i = 0; expected >> wanted; i++) { dot += y[i] * wanted; a += y[i] * y[i]; b += wanted * wanted; }
                std::cout << "cosine " << dot / std::sqrt(a * b) << "\\n";
                return count > 1 || dot / std::sqrt(a * b) >= \(cosine) ? 0 : 1;
            }

            """
    }

    /// For Node.js and, with `fetch` in the place of `readFile`, browsers.
    static func javascript(_ kit: KitDescription, cosine: Double) -> String {
        let channel = kit.recipe.order == .bgr ? "channels - 1 - i % channels" : "i % channels"
        let place =
            kit.isChannelsLast ? "i - i % channels + c" : "c * width * height + Math.floor(i / channels)"
        return """
            // Runs model.onnx on golden.ppm and compares the answer with expected.json:
            //   npm install onnxruntime-web && node run.mjs
            // In a browser, fetch the files instead of reading them.
            import { readFile } from "node:fs/promises";
            import * as ort from "onnxruntime-web";

            const channels = \(kit.recipe.channels)\(scaling(kit, ", scale = [", "], shift = [", "]"));
            const file = await readFile(new URL("golden.ppm", import.meta.url));
            const [, width, height] = file.subarray(0, 32).toString("latin1").match(/P[56]\\s(\\d+)\\s(\\d+)\\s255\\s/).map(Number);
            const bytes = file.subarray(file.length - width * height * channels);
            const x = new \(kit.takesBytes ? "Uint8Array" : "Float32Array")(bytes.length);
            for (let i = 0; i < bytes.length; i++) {
                const c = \(channel);
                x[\(place)] = \(sample(kit));
            }
            const shape = \(kit.isChannelsLast ? "[1, height, width, channels]" : "[1, channels, height, width]");
            const session = await ort.InferenceSession.create(await readFile(new URL("model.onnx", import.meta.url)));
            const input = new ort.Tensor("\(kit.takesBytes ? "uint8" : "float32")", x, shape);
            const y = (await session.run({ \(ModelGraph.pixels): input })).\(kit.output).data;
            const wanted = JSON.parse(await readFile(new URL("expected.json", import.meta.url), "utf8"));
            const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
            const cosine = dot(wanted.values, y) / Math.sqrt(dot(wanted.values, wanted.values) * dot(y, y));
            console.log("cosine", cosine);
            process.exit(cosine >= \(cosine) ? 0 : 1);

            """
    }

    /// What a sample becomes.
    private static func sample(_ kit: KitDescription) -> String {
        kit.takesBytes ? "bytes[i]" : "bytes[i] * scale[c] + shift[c]"
    }

    /// The numbers that `sample` reads, between words of the language; nothing where it reads none.
    private static func scaling(_ kit: KitDescription, _ first: String, _ second: String, _ last: String) -> String {
        guard !kit.takesBytes else { return "" }
        func list(_ numbers: [Float]) -> String { numbers.map(\.description).joined(separator: ", ") }
        return first + list(kit.scaling.scale) + second + list(kit.scaling.shift) + last
    }
}

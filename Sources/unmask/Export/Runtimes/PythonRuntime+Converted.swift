/// Runtimes that files are converted for, by the converters that their users run.
extension PythonRuntime {
    /// The converter is called below its command, `mnnconvert`, which installs a package to report its use.
    static let mnn = PythonRuntime(
        label: "MNN", modules: ["MNN"], distribution: "mnn", isApproximate: true, isConverted: true,
        script: """
            convert = "import sys, _tools; _tools.mnnconvert(sys.argv)"
            words = ["-f", "ONNX", "--modelFile", model, "--MNNModel", f"{folder}/model.mnn", "--bizCode", "unmask"]
            command(sys.executable, "-c", convert, *words, *arguments)
            if not os.path.exists(f"{folder}/model.mnn"):
                sys.exit("MNN's converter wrote nothing")
            import MNN.expr, MNN.nn
            module = MNN.nn.load_module_from_file(f"{folder}/model.mnn", inputs, outputs)
            types = {"float32": MNN.expr.float, "int32": MNN.expr.int, "uint8": MNN.expr.uint8}
            def variable(array):
                return MNN.expr.const(array, list(array.shape), MNN.expr.NCHW, types[array.dtype.name])
            def run(feeds):
                answers = module.forward([variable(feeds[name]) for name in inputs])
                return {n: numpy.array(MNN.expr.convert(a, MNN.expr.NCHW).read()) for n, a in zip(outputs, answers)}
            """)

    /// In float32 throughout; weights are as they were converted.
    static let ncnn = PythonRuntime(
        label: "ncnn f32", modules: ["ncnn", "pnnx"], distribution: "ncnn", isApproximate: true, isConverted: true,
        script: ncnnScript(
            "for name in ['fp16_packed', 'fp16_storage', 'fp16_arithmetic', 'bf16_storage']:\n"
                + "    setattr(network.opt, 'use_' + name, False)"))

    /// As it comes: it may keep activations in float16.
    static let ncnnDefault = PythonRuntime(
        label: "ncnn as it comes", modules: ["ncnn", "pnnx"], distribution: "ncnn", isRounded: true, isConverted: true,
        script: ncnnScript(""))

    /// pnnx's package is not imported, as it wants PyTorch: its program runs without.
    private static func ncnnScript(_ settings: String) -> String {
        """
        import importlib.util, shutil, ncnn
        program = os.path.join(importlib.util.find_spec("pnnx").submodule_search_locations[0], "pnnx")
        os.access(program, os.X_OK) or os.chmod(program, 0o755)
        os.makedirs(f"{exchange}/pnnx")
        shutil.copy(model, f"{exchange}/pnnx/model.onnx")
        command(program, "model.onnx", *(arguments or ["fp16=0"]), cwd=f"{exchange}/pnnx")
        for ending in ["param", "bin"]:
            if not os.path.exists(f"{exchange}/pnnx/model.ncnn.{ending}"):
                sys.exit("pnnx wrote no model for ncnn")
            shutil.copy(f"{exchange}/pnnx/model.ncnn.{ending}", f"{folder}/model.{ending}")
        # Its layers may write into what they are given, hence clone below.
        network = ncnn.Net()
        network.opt.num_threads = len(os.sched_getaffinity(0))
        \(settings)
        if network.load_param(f"{folder}/model.param") or network.load_model(f"{folder}/model.bin"):
            sys.exit("ncnn does not load what pnnx wrote")
        def run(feeds):
            extractor = network.create_extractor()
            for blob, name in zip(network.input_names(), inputs):
                extractor.input(blob, ncnn.Mat(numpy.ascontiguousarray(feeds[name][0])).clone())
            return {n: numpy.array(extractor.extract(blob)[1]) for n, blob in zip(outputs, network.output_names())}
        """
    }

    /// onnx2tf tries what it wrote on images that it fetches, unless a file of their name is there.
    static let litert = PythonRuntime(
        label: "LiteRT", modules: ["ai_edge_litert", "onnx2tf", "tensorflow"], distribution: "ai-edge-litert",
        isApproximate: true, isConverted: true,
        script: """
            import shutil
            kind = (arguments + ["float32"])[0]
            work = f"{exchange}/onnx2tf"
            os.makedirs(work)
            numpy.save(f"{work}/calibration_image_sample_data_20x128x128x3_float32.npy",
                       numpy.zeros((20, 128, 128, 3), numpy.float32))
            shutil.copy(model, f"{work}/model.onnx")
            kept = [name for name in inputs if first[name].ndim == 4 and first[name].shape[3] <= 4]
            words = ["-n"] + (["-kat"] + kept if kept else []) + (["-odrqt"] if kind == "dynamic_range_quant" else [])
            command(sys.executable, "-m", "onnx2tf", "-i", "model.onnx", "-o", "out", *words, cwd=work)
            shutil.copy(f"{work}/out/model_{kind}.tflite", f"{folder}/model.tflite")
            from ai_edge_litert.interpreter import Interpreter
            interpreter = Interpreter(f"{folder}/model.tflite", num_threads=len(os.sched_getaffinity(0)))
            if interpreter.get_signature_list():
                signature = interpreter.get_signature_runner()
                details = signature.get_input_details()
                call = lambda feeds: signature(**feeds)
            else:
                # Files with rounded weights have none.
                interpreter.allocate_tensors()
                details = dict(zip(inputs, interpreter.get_input_details()))
                def call(feeds):
                    for name, array in feeds.items():
                        interpreter.set_tensor(details[name]["index"], array)
                    interpreter.invoke()
                    return {n: interpreter.get_tensor(d["index"]) for n, d in zip(outputs, interpreter.get_output_details())}
            def arranged(name, array):
                is_moved = list(array.shape) != list(details[name]["shape"])
                return numpy.ascontiguousarray(array.transpose(0, 2, 3, 1)) if is_moved else array
            run = lambda feeds: call({name: arranged(name, array) for name, array in feeds.items()})
            """)
}

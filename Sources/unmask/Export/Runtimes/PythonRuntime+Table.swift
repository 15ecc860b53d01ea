/// Runtimes that read ONNX files themselves.
extension PythonRuntime {
    static let onnxruntime = PythonRuntime(
        label: "onnxruntime", modules: ["onnxruntime"], distribution: "onnxruntime",
        script: """
            import onnxruntime
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 3
            session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
            run = lambda feeds: dict(zip(outputs, session.run(outputs, feeds)))
            """)

    /// In the file's own precision.
    static let openvino = PythonRuntime(
        label: "OpenVINO f32", modules: ["openvino"], distribution: "openvino",
        script: openVINO(#"{"INFERENCE_PRECISION_HINT": "f32"}"#))

    /// As it comes: on processors with bfloat16 it rounds to that by itself.
    static let openvinoDefault = PythonRuntime(
        label: "OpenVINO as it comes", modules: ["openvino"], distribution: "openvino", isRounded: true,
        script: openVINO("{}"))

    private static func openVINO(_ settings: String) -> String {
        """
        import openvino
        read = openvino.Core().read_model(model)
        openvino.save_model(read, f"{folder}/model.xml", compress_to_fp16=False)
        compiled = openvino.Core().compile_model(f"{folder}/model.xml", "CPU", \(settings))
        run = lambda feeds: {output.get_any_name(): array for output, array in compiled(feeds).items()}
        """
    }

    static let opencv = PythonRuntime(
        label: "OpenCV", modules: ["cv2"], distribution: "opencv-python-headless",
        script: """
            import cv2
            network = cv2.dnn.readNetFromONNX(model)
            def run(feeds):
                for name, array in feeds.items():
                    network.setInput(array, name)
                return dict(zip(outputs, network.forward(outputs)))
            """)

    static let tract = PythonRuntime(
        label: "tract", modules: ["tract"], distribution: "tract",
        script: """
            import tract
            runnable = tract.onnx().load(model).into_model().into_runnable()
            run = lambda feeds: dict(zip(outputs, [r.to_numpy() for r in runnable.run([feeds[n] for n in inputs])]))
            """)
}

import UnmaskModel

extension ExportTarget {
    static let all = [
        onnxruntime, onnxruntimeWeb, openvino, opencv, tract, mnn, ncnn, litert, coreMLScript, tensorRT,
    ]

    private static let sizedPreparation = Refusal(
        applies: { $0.preprocesses && $0.sourceSize == nil },
        reason: """
            its Resize does not antialias, so that images of any size would come out wrong; give the one size of the images \
            that come in with --source-size
            """)

    private static let bytes = Refusal(
        applies: { $0.preprocesses && $0.samples == .u8 }, reason: "it takes no bytes: --input f32, as without --input")

    private static let openBatch = Refusal(
        applies: { $0.batch == nil },
        reason: "files of any number of images are not converted; give --batch 1, as without --batch")

    private static let openMasks = Refusal(
        applies: { $0.part == .mae && $0.kept == nil },
        reason: "an autoencoder of any number of patches has open shapes, which it does not take; fix it with --keep N")

    private static let onnxruntime = ExportTarget(
        name: "onnxruntime", opset: 20,
        precisions: [.fp32: .file, .fp16: .file, .int8: .file, .int8Weights: .file, .int4Weights: .file],
        why: """
            LayerNormalization and Gelu as one node each; attention in primitives, where its own fusion begins. int8 layers \
            become QGemm or MatMulIntegerToFloat; weights alone are MatMulNBits, its own operator
            """,
        tried: "1.32.0")

    private static let onnxruntimeWeb = ExportTarget(
        name: "onnxruntime-web", opset: 17, latestOpset: 22,
        precisions: [.fp32: .file, .fp16: .file, .int8: .file, .int8Weights: .file, .int4Weights: .file],
        untried: "onnxruntime-web: no browser is driven; the file is verified in onnxruntime",
        why:
            "WebGPU's and WebNN's kernels lag behind the CPU's: no Attention, no MatMulInteger. fp16 halves the download",
        tried: "untried; by its tables of operators")

    private static let openvino = ExportTarget(
        name: "openvino", opset: 20,
        precisions: [.fp32: .file, .fp16: .file, .int8: .file, .int8Weights: .file, .int4Weights: .file],
        refusals: [sizedPreparation], runtimes: [.openvino, .openvinoDefault],
        why:
            "reads 11 to 23 alike. On processors with bfloat16 it rounds to that by itself, unless it is asked for f32",
        tried: "2026.4.1")

    private static let opencv = ExportTarget(
        name: "opencv", opset: 17, latestOpset: 22, batch: .fixed(1),
        precisions: [.fp32: .file, .fp16: .file],
        otherPrecisions: "It runs 8-bit layers slower than float32 and does not read MatMulNBits.",
        refusals: [sizedPreparation, openBatch, openMasks], runtimes: [.opencv],
        why: """
            OpenCV 5 reads all operator sets but takes Attention (23) for an operator of its own; at a fixed batch there is \
            no shape arithmetic. OpenCV 4 is no target: it has another reader
            """,
        tried: "5.0.0")

    private static let tract = ExportTarget(
        name: "tract", opset: 17, latestOpset: 20, batch: .fixed(1), precisions: [.fp32: .file, .fp16: .file],
        otherPrecisions: "It runs 8-bit layers slower than float32.",
        refusals: [sizedPreparation, openBatch, openMasks], runtimes: [.tract],
        why: """
            its symbols do not carry through an open batch's shape arithmetic; heads in float16 are MatMul and Add. On x86 it \
            computes float16 several times slower than float32, on some processors hundreds of times
            """,
        tried: "0.23.9")

    private static let mnn = ExportTarget(
        name: "mnn", opset: 17, latestOpset: 20, batch: .fixed(1),
        precisions: [
            .fp32: .file, .fp16: .converter(["--fp16"]), .int8Weights: .converter(["--weightQuantBits", "8"]),
            .int4Weights: .converter(["--weightQuantBits", "4", "--weightQuantBlock", "32", "--hqq"]),
        ],
        otherPrecisions: "It runs files with 8-bit activations no faster than float32: 8-bit weights are int8-weights.",
        refusals: [sizedPreparation, openBatch, openMasks], runtimes: [.mnn],
        why:
            "reads to 20. Its converter rounds weights, of a float32 file; GELU it approximates unless it is told not to",
        tried: "3.6.1")

    private static let ncnn = ExportTarget(
        name: "ncnn", opset: 17, latestOpset: 20, batch: .fixed(1),
        precisions: [.fp32: .converter([]), .fp16: .converter(["fp16=1"])],
        otherPrecisions: "pnnx reads no quantised files; ncnn2int8 rounds what it wrote.",
        samples: .f32, layout: .nchw,
        refusals: [
            sizedPreparation,
            Refusal(applies: { $0.batch != 1 }, reason: "ncnn has no batches: --batch 1, as without --batch"),
            Refusal(
                applies: { $0.part == .mae },
                reason: "it has no GatherElements, which masks need; export --part encoder, or take another target"),
            bytes,
        ], runtimes: [.ncnn, .ncnnDefault],
        why: """
            by way of pnnx. One image, float32 in. fp16 is pnnx's doing, of a float32 file
            """,
        tried: "1.0.20261020, pnnx 20261020")

    private static let litert = ExportTarget(
        name: "litert", opset: 20, latestOpset: 22, batch: .fixed(1),
        precisions: [
            .fp32: .converter([]), .fp16: .converter(["float16"]), .int8Weights: .converter(["dynamic_range_quant"]),
        ],
        otherPrecisions: """
            onnx2tf turns QDQ files into ones that answer wrongly, with exit 0; int8-weights are its own 8-bit weights with a \
            scale for each channel (-odrqt).
            """,
        refusals: [sizedPreparation, openBatch, openMasks], runtimes: [.litert],
        why: """
            by way of onnx2tf, at static shapes. TensorFlow Lite has GELU but no Erf: below opset 20 it becomes FlexErf, \
            which phones lack. Images of [B, C, H, W] become [B, H, W, C]
            """,
        tried: "ai-edge-litert 2.1.0, onnx2tf 1.29.24")

    private static let coreMLScript = ExportTarget(
        name: "coreml-script", opset: 17, latestOpset: 20, batch: .fixed(1), precisions: [.fp32: .file],
        otherPrecisions: "coremltools rounds what it converts (compute_precision, coremltools.optimize).",
        samples: .f32, layout: .nchw, refusals: [sizedPreparation, openBatch, openMasks, bytes],
        writesScript: true, untried: "Core ML: it runs on Apple's systems only; the file is verified in onnxruntime",
        why:
            "coremltools reads no ONNX: a script beside the file runs its operators in PyTorch, traces them and converts that",
        tried: "coremltools 9.0 on Linux, which converts but does not run; untried on a device")

    private static let tensorRT = ExportTarget(
        name: "tensorrt", opset: 20, latestOpset: 22, precisions: [.fp32: .file, .fp16: .file],
        otherPrecisions: "It takes signed activations without zero points only; quantise with its own tools.",
        refusals: [sizedPreparation],
        untried: "TensorRT: no GPU here; the file is verified in onnxruntime",
        why: "by its documentation: LayerNormalization and Gelu are layers of its own, Attention is not",
        tried: "untried; by its documentation")
}

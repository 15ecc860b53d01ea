import Testing
import UnmaskModel
import UnmaskONNX

/// libonnx's checker and strict shape inference on what is written. Debian's libonnx knows opsets to 17; `make parity`
/// checks all with PyPI's onnx.
@Suite struct CheckerTests {
    @Test("libonnx passes every part at every opset it knows", arguments: ExportCase.all)
    func checker(test: ExportCase) throws {
        let model = try test.load()
        for opset in 11...17 {
            for precision in [ExportPrecision.fp32, .fp16] {
                for batch in [nil, 1, 3] {
                    let export = try model.onnx(
                        test.options(opset: opset, precision: precision, batch: batch), producerVersion: "test")
                    let file = try TemporaryModel(export)
                    #expect(libonnxProblem(with: file) == nil, "opset \(opset), \(precision), batch \(batch ?? 0)")
                }
            }
        }
    }

    @Test func libonnxPassesWeightsBesideTheModel() throws {
        let export = try ExportCase.all[0].load().onnx(ExportCase.all[0].options(opset: 17), producerVersion: "test")
        let file = try TemporaryModel(export, externalData: .always)
        #expect(file.contents == ["model.onnx", "model.onnx.data"])
        #expect(libonnxProblem(with: file) == nil)
    }

    @Test func libonnxPassesQuantisedLayers() throws {
        let test = ExportCase(model: "tiny-hf-vit", part: .classifier)
        var options = test.options(opset: 13, precision: .int8)
        options.activationRanges = ["blocks.0.attn.qkv": -3...4, "blocks.0.mlp.fc2": -0.2...9]
        let export = try test.load().onnx(options, producerVersion: "test")
        #expect(export.operatorCounts["QuantizeLinear"] == 2)
        #expect(export.operatorCounts["DequantizeLinear"] == 6)
        #expect(libonnxProblem(with: try TemporaryModel(export)) == nil)
    }

    /// The checker is able to fail.
    @Test func libonnxRefusesALaterVersion() throws {
        let test = ExportCase(model: "tiny-hf-vit", part: .classifier)
        let export = try test.load().onnx(test.options(opset: 23), producerVersion: "test")
        #expect(libonnxProblem(with: try TemporaryModel(export))?.contains("ir_version") == true)
    }
}

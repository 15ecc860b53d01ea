import FuzzSupport
import UnmaskGraph
import UnmaskONNX

// ONNX files that are read are planned and run.
fuzz { bytes, count in
    let path = file(bytes, count)
    do throws(ONNXError) {
        let model = try ONNXModel.load(path, options: ONNXLoadOptions(imageSize: (8, 8)))
        for number in 1...3 { plan(model.graph, symbols: number) }
    } catch {
        precondition(!error.description.isEmpty)
    }
    return 0
}

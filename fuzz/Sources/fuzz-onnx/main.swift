import FuzzSupport
import UnmaskGraph
import UnmaskONNX

fuzz { bytes, count in
    let path = file(bytes, count)
    do throws(ONNXError) {
        let model = try ONNXModel.load(path, options: ONNXLoadOptions(imageSize: (8, 8)))
        for tensor in model.graph.constants.values { touch(tensor) }
    } catch {
        precondition(!error.description.isEmpty)
    }
    return 0
}

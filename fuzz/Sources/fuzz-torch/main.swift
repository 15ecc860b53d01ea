import FuzzSupport
import UnmaskGraph
import UnmaskWeights

fuzz { bytes, count in
    let path = file(bytes, count)
    do throws(WeightsError) {
        for (_, tensor) in try TorchFile(path: path).tensors { touch(tensor) }
    } catch {
        precondition(!error.description.isEmpty)
    }
    return 0
}

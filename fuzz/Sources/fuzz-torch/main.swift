import FuzzSupport
import UnmaskGraph
import UnmaskWeights

fuzz { bytes, count in
    let path = file(bytes, count)
    do throws(WeightsError) {
        let file = try TorchFile(path: path)
        for stateDict in file.stateDicts {
            for (_, tensor) in try file.tensors(of: stateDict) { touch(tensor) }
        }
    } catch {
        precondition(!error.description.isEmpty)
    }
    return 0
}

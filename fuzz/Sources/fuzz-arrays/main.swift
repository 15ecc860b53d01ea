import FuzzSupport
import UnmaskGraph
import UnmaskWeights

/// The input as a NumPy array and as an IDX file.
fuzz { bytes, count in
    let path = file(bytes, count)
    do throws(WeightsError) {
        let tensor = try NPYFile(path: path).tensor
        touch(tensor)
    } catch {
        precondition(!error.description.isEmpty)
    }
    do throws(WeightsError) {
        let array = try IDXFile(path: path)
        precondition(array.shape.reduce(1, *) == array.elements.count && !array.elements.isEmpty)
    } catch {
        precondition(!error.description.isEmpty)
    }
    return 0
}

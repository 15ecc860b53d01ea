import UnmaskGraph

/// Turns the tensors of a torch file into `Tensor`s: ranges of the file, or copies where they are not contiguous.
struct TorchTensorReader {
    private let contents: TorchContents
    private let file: MappedFile
    /// What copies may still take. A view can repeat its elements (stride 0) without end.
    private var copyByteCount: Int

    /// Copies may together be this much larger than the file.
    static let copyAllowance = 1 << 26

    init(_ contents: TorchContents, file: MappedFile) {
        self.contents = contents
        self.file = file
        copyByteCount = file.byteCount + TorchTensorReader.copyAllowance
    }

    /// The tensor that a value of the state dict describes; nil where it describes none.
    mutating func tensor(_ value: PickleValue, name: String) throws(WeightsError) -> Tensor? {
        guard TorchView.isTensor(value, in: contents.heap) else { return nil }
        func failure(_ cause: WeightsError.Cause, _ detail: String) -> WeightsError {
            WeightsError(cause, file: file.path, tensor: name, detail)
        }
        guard let view = TorchView(value, in: contents.heap) else {
            let constructor = contents.heap.call(value)?.name ?? ""
            throw failure(.torchTensorUnsupported, "it is made by \(quoted(constructor)), not as a dense tensor")
        }
        guard let storage = TorchStorage(view.storage, in: contents.heap) else {
            throw failure(.torchTensorInvalid, "its storage is not described as torch does")
        }
        let type = try elementType(view, storage, failure)
        guard let bytes = contents.storages[storage.key] else {
            throw failure(.torchStorageMissing, "the file has no storage \(quoted(storage.key))")
        }
        let storageSize = storage.kind?.byteCount ?? 1
        guard bytes.count / storageSize >= storage.count else {
            throw failure(
                .torchStorageSize,
                "storage \(quoted(storage.key)): expected \(storage.count) elements of \(storageSize) bytes, "
                    + "found \(bytes.count) bytes")
        }
        let partStart = bytes.lowerBound + storage.view.lowerBound * storageSize
        let part = partStart..<partStart + storage.view.count * storageSize
        guard let reach = view.reach, reach <= part.count / type.byteCount else {
            throw failure(
                .torchViewOutside,
                "shape \(brief(view.shape)) with strides \(brief(view.strides)) from element \(view.offset) "
                    + "runs out of a storage of \(part.count / type.byteCount) elements")
        }
        guard let byteCount = Tensor.byteCount(shape: view.shape, type: type) else {
            throw failure(.shapeOverflow, "the size of shape \(brief(view.shape)) overflows")
        }
        let start = partStart + view.offset * type.byteCount
        if view.isContiguous {
            return Tensor(shape: view.shape, type: type, contents: .mapped(file, start..<start + byteCount))
        }
        guard byteCount <= copyByteCount else {
            throw failure(.torchViewLimit, "an expanded view of \(byteCount) bytes is larger than the file allows for")
        }
        copyByteCount -= byteCount
        let source = UnsafeRawBufferPointer(rebasing: file.bytes[part])
        return Tensor(
            shape: view.shape, type: type,
            contents: .owned(view.rowMajorCopy(from: source, elementByteCount: type.byteCount)))
    }

    private func elementType(
        _ view: TorchView, _ storage: TorchStorage, _ failure: (WeightsError.Cause, String) -> WeightsError
    ) throws(WeightsError) -> ElementType {
        if let dtype = view.dtype {
            guard let type = TorchStorageKind.elementType(dtype: dtype) else {
                throw failure(.elementTypeUnsupported, "elements of type \(quoted(dtype)) are not supported")
            }
            return type
        }
        guard case .elements(let type)? = storage.kind else {
            throw failure(.elementTypeUnsupported, "elements of a \(quoted(storage.className)) are not supported")
        }
        return type
    }
}

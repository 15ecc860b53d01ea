import UnmaskGraph

/// A tensor as the pickle describes it: a strided view of a storage. Nothing in it is checked against the storage yet.
struct TorchView {
    let storage: PickleNode
    /// In elements, as are the strides.
    let offset: Int
    let shape: [Int]
    let strides: [Int]
    /// Given where the storage is untyped: then the offset and the strides count elements of this type.
    let dtype: String?

    /// As many dimensions as torch itself allows.
    private static let maximumRank = 64

    /// The functions that make a tensor of a storage, offset, size and stride. `_v3` has the type as seventh argument.
    private static let constructors: Set<String> = [
        "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3",
    ]
    /// Those whose first argument is a tensor, made already.
    private static let wrappers: Set<String> = [
        "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
    ]

    /// Whether the value is a tensor, of whatever kind.
    static func isTensor(_ value: PickleValue, in heap: PickleHeap) -> Bool {
        guard let name = heap.call(value)?.name else { return false }
        return name.hasPrefix("torch._utils._rebuild_") || name.hasPrefix("torch._tensor._rebuild_")
    }

    /// Nil where the value is no dense tensor, or one whose arguments are not what the constructor takes.
    init?(_ value: PickleValue, in heap: PickleHeap) {
        guard var (name, arguments) = heap.call(value) else { return nil }
        if TorchView.wrappers.contains(name), let inner = arguments.first, let call = heap.call(inner) {
            (name, arguments) = call
        }
        // A tensor with attributes of its own: (constructor, class, arguments, attributes).
        if name == "torch._tensor._rebuild_from_type_v2", arguments.count == 4,
            case .global(let constructor) = arguments[0], let inner = heap.tuple(arguments[2])
        {
            (name, arguments) = (constructor, inner)
        }
        guard TorchView.constructors.contains(name), arguments.count >= 4, let storage = heap.node(arguments[0]),
            case .int(let offset) = arguments[1], let shape = TorchView.sizes(arguments[2], in: heap),
            let strides = TorchView.sizes(arguments[3], in: heap), shape.count == strides.count, offset >= 0
        else { return nil }
        self.storage = storage
        self.offset = offset
        self.shape = shape
        self.strides = strides
        guard name == "torch._utils._rebuild_tensor_v3" else {
            dtype = nil
            return
        }
        guard arguments.count >= 7, case .global(let dtype) = arguments[6] else { return nil }
        self.dtype = dtype
    }

    /// A tuple of whole numbers, or a `torch.Size` of one.
    private static func sizes(_ value: PickleValue, in heap: PickleHeap) -> [Int]? {
        var value = value
        if let call = heap.call(value), call.name == "torch.Size", let inner = call.arguments.first { value = inner }
        guard let items = heap.tuple(value), items.count <= maximumRank else { return nil }
        var sizes: [Int] = []
        for item in items {
            guard case .int(let size) = item, size >= 0 else { return nil }
            sizes.append(size)
        }
        return sizes
    }

    /// Whether the elements lie as a row-major tensor's: then they are one range. Strides of dimensions of one element,
    /// or of a tensor of none, mean nothing.
    var isContiguous: Bool {
        if shape.contains(0) { return true }
        var expected = 1
        for (size, stride) in zip(shape, strides).reversed() where size != 1 {
            guard stride == expected else { return false }
            expected = expected.multipliedReportingOverflow(by: size).partialValue
        }
        return true
    }

    /// One more than the largest index of an element that the view reaches; nil on overflow.
    var reach: Int? {
        guard !shape.contains(0) else { return offset }
        var last = offset
        for (size, stride) in zip(shape, strides) {
            let (span, tooWide) = (size - 1).multipliedReportingOverflow(by: stride)
            let (sum, tooFar) = last.addingReportingOverflow(span)
            guard !tooWide, !tooFar else { return nil }
            last = sum
        }
        return last == .max ? nil : last + 1
    }
}

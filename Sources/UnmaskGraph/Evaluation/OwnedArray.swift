/// An array with memory of its own, for what is evaluated before a graph runs.
final class OwnedArray {
    let view: ArrayView

    private let memory = ScratchMemory.system

    /// Zeros. Nil where the shape is negative or overflows, or its memory cannot be had.
    init?(type: ElementType, shape: [Int]) {
        let type = type.atRunTime
        guard let bytes = Tensor.byteCount(shape: shape, type: type), bytes <= Int.max - 64 else { return nil }
        guard let base = memory.take(max(bytes, 1)) else { return nil }
        base.initializeMemory(as: UInt8.self, repeating: 0, count: max(bytes, 1))
        view = ArrayView(type: type, shape: shape, base: base)
    }

    deinit {
        memory.giveBack(view.base)
    }

    /// Nil where an element is a symbol.
    convenience init?(_ integers: IntegerArray, type: ElementType) {
        let numbers = integers.elements.compactMap(\.number)
        guard numbers.count == integers.elements.count else { return nil }
        self.init(type: type, shape: integers.shape)
        func write<T: Element>(_: T.Type) {
            for (index, number) in numbers.enumerated() { view.elements(T.self)[index] = T(wrapping: number) }
        }
        write(type.element)
    }

    convenience init?(_ floats: FloatArray) {
        self.init(type: .f32, shape: floats.shape)
        for (index, number) in floats.elements.enumerated() { view.floats[index] = number }
    }

    /// A constant's elements, floating-point numbers widened.
    convenience init?(_ tensor: Tensor) {
        self.init(type: tensor.type, shape: tensor.shape)
        if tensor.type.isFloatingPoint, tensor.type != .f32 {
            for (index, number) in tensor.widened().enumerated() { view.floats[index] = number }
        } else {
            tensor.withBytes { bytes in
                UnsafeMutableRawBufferPointer(start: view.base, count: bytes.count).copyMemory(from: bytes)
            }
        }
    }

    // A view does not keep the memory: the object has to live until its elements are read.

    var integers: IntegerArray? {
        defer { withExtendedLifetime(self) {} }
        func read<T: Element>(_: T.Type) -> [Dimension] {
            (0..<view.count).map { .fixed(Int(view.elements(T.self)[$0].converted(to: Int64.self))) }
        }
        return view.type.isFloatingPoint ? nil : IntegerArray(shape: view.shape, elements: read(view.type.element))
    }

    var floats: FloatArray? {
        defer { withExtendedLifetime(self) {} }
        guard view.type == .f32 else { return nil }
        return FloatArray(
            shape: view.shape, elements: Array(UnsafeBufferPointer(start: view.floats, count: view.count)))
    }

    var tensor: Tensor? {
        defer { withExtendedLifetime(self) {} }
        let bytes = UnsafeRawBufferPointer(start: view.base, count: view.count * view.type.byteCount)
        return Tensor(shape: view.shape, type: view.type, contents: .owned(Array(bytes)))
    }
}

extension Evaluator {
    /// Evaluates on arrays, which stay until it is done.
    func evaluate(
        _ primitive: Primitive, _ operands: [OwnedArray?], into results: [OwnedArray]
    ) throws(EvaluationError) {
        defer { withExtendedLifetime((operands, results)) {} }
        try evaluate(primitive, operands.map { $0?.view }, into: results.map(\.view))
    }
}

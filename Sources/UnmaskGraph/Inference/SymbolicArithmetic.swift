/// Arithmetic with known integers of which some are symbols.
enum SymbolicArithmetic {
    /// The result; nil where it is not made of dimensions.
    static func result(_ primitive: Primitive, _ operands: [Fact?], shape: Shape) -> IntegerArray? {
        guard let shape = shape.bound(by: [:]) else { return nil }
        let known = operands.map { $0?.integers }
        func operand(_ index: Int) -> [Dimension]? {
            index < known.count ? known[index]?.broadcast(to: shape) : nil
        }
        switch primitive {
        case .unary(let function):
            return map(shape, operand(0)) { unary(function, $0) }
        case .cast(.bool):
            return map(shape, operand(0)) { $0.isEqual(to: 0).map { $0 ? 0 : 1 } }
        case .binary(let function):
            guard let a = operand(0), let b = operand(1) else { return nil }
            return array(shape, zip(a, b).map { binary(function, $0, $1) })
        case .clip:
            let limits = (1...2).map { operands.count > $0 && operands[$0] != nil ? operand($0) : [] }
            guard let least = limits[0], let greatest = limits[1] else { return nil }
            return map(shape, operand(0)) { element in
                let raised = least.first.map { element.maximum($0) } ?? element
                return greatest.first.map { raised?.minimum($0) } ?? raised
            }
        case .reduce(let reduction, _, _):
            guard shape.allSatisfy({ $0 == 1 }), let elements = known.first??.elements, let first = elements.first
            else { return nil }
            return array(
                shape,
                [elements.dropFirst().reduce(first) { result, next in result.flatMap { fold(reduction, $0, next) } }])
        default: return nil
        }
    }

    private static func unary(_ function: UnaryFunction, _ x: Dimension) -> Dimension? {
        switch function {
        case .negate: x.multiplied(by: -1)
        case .absolute: x.isLess(than: 0).flatMap { $0 ? x.multiplied(by: -1) : x }
        case .relu: x.maximum(0)
        case .sign: x.isLess(than: 0) == true ? -1 : Dimension.fixed(0).isLess(than: x) == true ? 1 : nil
        default: nil
        }
    }

    private static func binary(_ function: BinaryFunction, _ a: Dimension, _ b: Dimension) -> Dimension? {
        func truth(_ value: Bool?) -> Dimension? { value.map { $0 ? 1 : 0 } }
        switch function {
        case .add: return a.adding(b)
        case .subtract: return a.subtracting(b)
        case .multiply: return a.multiplied(by: b)
        case .divide: return a.divided(by: b)
        case .minimum: return a.minimum(b)
        case .maximum: return a.maximum(b)
        case .modulo, .remainder: return b.number.flatMap { a.isLess(than: 0) == false ? a.modulo($0) : nil }
        case .equal: return truth(a.isEqual(to: b))
        case .less: return truth(a.isLess(than: b))
        case .greaterOrEqual: return truth(a.isLess(than: b).map { !$0 })
        case .greater: return truth(b.isLess(than: a))
        case .lessOrEqual: return truth(b.isLess(than: a).map { !$0 })
        case .power, .parametricRelu, .and, .or, .xor: return nil
        }
    }

    private static func fold(_ reduction: Reduction, _ a: Dimension, _ b: Dimension) -> Dimension? {
        switch reduction {
        case .sum: a.adding(b)
        case .product: a.multiplied(by: b)
        case .maximum: a.maximum(b)
        case .minimum: a.minimum(b)
        case .mean, .l1, .l2, .logSum, .logSumExp, .sumSquare: nil
        }
    }

    private static func map(
        _ shape: [Int], _ x: [Dimension]?, _ body: (Dimension) -> Dimension?
    ) -> IntegerArray? {
        x.flatMap { array(shape, $0.map(body)) }
    }

    private static func array(_ shape: [Int], _ elements: [Dimension?]) -> IntegerArray? {
        let known = elements.compactMap { $0 }
        return known.count == elements.count ? IntegerArray(shape: shape, elements: known) : nil
    }
}

extension IntegerArray {
    /// The elements as they stand in a larger shape, row-major.
    fileprivate func broadcast(to target: [Int]) -> [Dimension] {
        var result: [Dimension] = []
        let loop = StridedLoop(target, a: broadcastStrides(shape, to: target))
        loop.run(on: .one) { run in
            for index in 0..<run.count { result.append(elements[run.a + index * loop.steps.a]) }
        }
        return result
    }
}

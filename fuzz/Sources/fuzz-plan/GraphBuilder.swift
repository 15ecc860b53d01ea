import FuzzSupport
import UnmaskGraph

/// Makes a graph of what bytes say; nodes that inference refuses are left out.
struct GraphBuilder {
    private(set) var graph = Graph()
    private var values: [ValueID] = []

    mutating func build(_ source: inout ByteSource) {
        for index in 0..<2 { addInput("x\(index)", &source) }
        while !source.isEmpty, values.count < 24 {
            switch source.below(4) {
            case 0: addConstant(&source)
            default: addNode(&source)
            }
        }
        for (index, id) in values.suffix(3).enumerated() { graph.addOutput("y\(index)", id) }
    }

    private mutating func addInput(_ name: String, _ source: inout ByteSource) {
        let dimensions: [Dimension] = [1, 2, 3, 0, 5, .symbol("B"), .symbol("B", times: 2, plus: 1), .symbol("K"), 8]
        let shape = Shape((0..<source.below(5)).map { _ in source.pick(dimensions) })
        values.append(graph.addInput(name, shape, source.pick([.f32, .i64, .u8, .bool, .i32])))
    }

    /// Few elements, or none under large axes.
    private mutating func addConstant(_ source: inout ByteSource) {
        let type = source.pick([ElementType.i64, .f32, .i32, .u8, .bool, .f16, .i8, .i64])
        var shape = (0..<source.below(4)).map { _ in source.below(5) }
        if shape.contains(0), !shape.isEmpty { shape.append(max(source.number(), 0)) }
        guard let bytes = Tensor.byteCount(shape: shape, type: type), bytes < 4096 else { return }
        var contents: [UInt8] = []
        for _ in 0..<bytes / type.byteCount {
            if type == .f32 {
                withUnsafeBytes(of: source.float()) { contents.append(contentsOf: $0) }
            } else {
                let number = type == .bool ? source.below(2) : source.number()
                withUnsafeBytes(of: number.littleEndian) { contents.append(contentsOf: $0.prefix(type.byteCount)) }
            }
        }
        guard let tensor = Tensor(shape: shape, type: type, contents: .owned(contents)) else { return }
        values.append(graph.addConstant("c", tensor))
    }

    private mutating func addNode(_ source: inout ByteSource) {
        let primitive = Primitive(&source)
        let operands = (0..<1 + source.below(5)).map { _ in
            source.byte() > 240 ? nil : values[values.count - 1 - source.below(values.count)]
        }
        let names = (0..<1 + (source.byte() > 200 ? source.below(3) : 0)).map { "v\($0)" }
        do throws(GraphError) {
            values += try graph.add(primitive, named: "n\(graph.nodes.count)", operands, outputs: names)
        } catch {
            precondition(!error.description.isEmpty)
        }
    }
}

extension Window {
    fileprivate init(_ source: inout ByteSource) {
        let axes = 1 + source.below(3)
        func extents(_ source: inout ByteSource) -> [Int] {
            (0..<axes).map { _ in source.byte() < 230 ? 1 + source.below(3) : source.number() }
        }
        self.init(
            size: extents(&source), strides: extents(&source), dilations: extents(&source),
            pads: (0..<2 * axes).map { _ in source.byte() < 230 ? source.below(3) : source.number() },
            automatic: source.pick([.explicit, .sameUpper, .sameLower, .valid]))
    }
}

extension Resize {
    fileprivate init(_ source: inout ByteSource) {
        self.init(
            mode: source.pick(Mode.allCases), coordinates: source.pick(Coordinates.allCases),
            nearest: source.pick(Nearest.allCases), cubicCoefficient: source.float(), excludesOutside: source.flag(),
            extrapolationValue: source.float(), antialias: source.flag(),
            axes: source.flag() ? nil : source.numbers(source.below(4)), aspectRatio: source.pick(AspectRatio.allCases))
    }
}

extension Primitive {
    fileprivate init(_ source: inout ByteSource) {
        let type = source.pick([ElementType.f32, .i64, .i32, .u8, .i8, .bool, .f16, .f64])
        let (axis, flag) = (source.number(), source.flag())
        let reduction = source.pick([
            Reduction.mean, .sum, .maximum, .minimum, .product, .l1, .l2, .logSum, .logSumExp, .sumSquare,
        ])
        let scatter = source.pick([ScatterReduction.none, .add, .multiply, .minimum, .maximum])
        let makers: [(inout ByteSource) -> Primitive] = [
            { .unary($0.pick([.negate, .absolute, .sign, .exp, .not, .isNaN, .relu, .round, .elu(alpha: 2)])) },
            {
                .binary(
                    $0.pick([
                        .add, .subtract, .multiply, .divide, .power, .minimum, .maximum, .modulo, .remainder,
                        .parametricRelu, .equal, .less, .greaterOrEqual, .and, .xor,
                    ]))
            },
            { _ in .clip }, { _ in .select }, { _ in .cast(type) }, { _ in .matMul }, { _ in .matMulInteger },
            { .gemm(alpha: $0.float(), beta: $0.float(), transposeA: $0.flag(), transposeB: flag) },
            { .gemm(alpha: 1, beta: 1, transposeA: false, transposeB: $0.flag()) },
            { .convolution(.init(window: Window(&$0), groups: $0.number())) },
            { .convolution(.init(window: Window(&$0), groups: 1)) },
            {
                .transposedConvolution(
                    .init(window: Window(&$0), groups: 1 + $0.below(2)), outputPadding: $0.numbers($0.below(3)),
                    outputShape: $0.flag() ? nil : $0.numbers($0.below(3)))
            },
            {
                .attention(
                    .init(
                        scale: $0.flag() ? nil : $0.float(), causal: flag, queryHeads: $0.flag() ? nil : $0.number(),
                        keyHeads: $0.flag() ? nil : $0.number(), softcap: $0.float()))
            },
            { .layerNormalization(axis: axis, epsilon: $0.float()) },
            { .rootMeanSquareNormalization(axis: axis, epsilon: $0.float()) },
            { .batchNormalization(epsilon: $0.float()) },
            { .groupNormalization(groups: $0.number(), epsilon: $0.float()) },
            { .instanceNormalization(epsilon: $0.float()) }, { .lpNormalization(axis: axis, order: 1 + $0.below(2)) },
            { _ in .softmax(axis: axis) }, { _ in .logSoftmax(axis: axis) },
            { .reduce(reduction, keepAxes: flag, emptyIsNone: $0.flag()) },
            { .argument(greatest: flag, axis: axis, keepAxes: $0.flag(), last: $0.flag()) },
            { .topK(axis: axis, largest: flag, sorted: $0.flag()) },
            { .cumulativeSum(exclusive: flag, reverse: $0.flag()) },
            {
                .pool(
                    .init(
                        kind: $0.pick([.average, .maximum]), window: Window(&$0), ceiling: flag,
                        countsPadding: $0.flag(), columnMajorIndices: $0.flag()))
            },
            { .globalPool($0.pick([.average, .maximum])) }, { .resize(Resize(&$0)) },
            { .transpose($0.numbers($0.below(5))) },
            { $0.pick([.transpose([1, 0]), .transpose([0, 2, 1]), .transpose([2, 0, 1, 3])]) },
            { _ in .reshape(allowZero: flag) }, { _ in .flatten(axis: axis) }, { _ in .squeeze }, { _ in .unsqueeze },
            { _ in .slice }, { _ in .split(axis: axis) }, { _ in .concat(axis: axis) }, { _ in .gather(axis: axis) },
            { _ in .gatherElements(axis: axis) }, { .gatherND(batchAxes: $0.number()) },
            { _ in .scatterND(scatter) }, { _ in .scatterElements(axis: axis, scatter) }, { _ in .expand },
            { _ in .tile }, { .pad($0.pick(PaddingMode.allCases)) }, { _ in .triangle(upper: flag) },
            { .depthToSpace(block: $0.number(), columnRow: flag) }, { .spaceToDepth(block: $0.number()) },
            { .shape(start: axis, end: $0.flag() ? nil : $0.number()) }, { _ in .size }, { _ in .range },
            { .constantOfShape(type, bytes: Array(repeating: $0.byte(), count: type.byteCount)) }, { _ in .identity },
            { .quantize(axis: axis, to: $0.pick([.u8, .i8, .u16, .i16])) }, { _ in .dequantize(axis: axis) },
            { _ in .dynamicQuantize },
        ]
        self = makers[source.below(makers.count)](&source)
    }
}

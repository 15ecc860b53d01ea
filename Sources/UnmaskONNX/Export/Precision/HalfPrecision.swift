internal import UnmaskGraph
internal import UnmaskWeights

/// Turns a float32 graph into a float16 one: weights and arithmetic become float16; nodes that ask for it keep float32,
/// with casts around them; inputs and outputs stay float32.
struct HalfPrecision {
    private var source: ExportGraph
    private var result = ExportGraph()
    /// Types of values in the source: those that are not here are not floating-point.
    private var floating: Set<String>
    /// What holds a value in either precision, where it exists.
    private var float32: [String: String] = [:]
    private var float16: [String: String] = [:]

    /// - Parameter kept: values that float16 does not hold: what computes and what reads them keeps float32.
    /// - Returns: the graph, and the values that it computes of its inputs and holds in float16, by their names in the source.
    static func convert(_ graph: ExportGraph, keeping kept: Set<String>) -> (ExportGraph, halves: [String]) {
        var source = graph
        for (index, node) in graph.nodes.enumerated() where !kept.isDisjoint(with: node.inputs + node.outputs) {
            source.nodes[index].keepsFloat32 = true
        }
        var conversion = HalfPrecision(source)
        conversion.run()
        var computed = Set(graph.inputs.map(\.name))
        var halves: [String] = []
        for node in graph.nodes where !computed.isDisjoint(with: node.inputs) {
            computed.formUnion(node.outputs)
            halves += node.outputs.filter { conversion.float16[$0] != nil }
        }
        return (conversion.result, halves)
    }

    private init(_ graph: ExportGraph) {
        source = graph
        floating = Set(graph.initializers.filter { $0.type == .f32 }.map(\.name))
        floating.formUnion(graph.inputs.filter { $0.type == .f32 }.map(\.name))
        for node in graph.nodes where node.resultType.isFloatingPoint { floating.formUnion(node.outputs) }
    }

    private mutating func run() {
        result.inputs = source.inputs
        result.outputs = source.outputs
        for input in source.inputs where floating.contains(input.name) { float32[input.name] = input.name }
        for initializer in source.initializers where !floating.contains(initializer.name) { result.add(initializer) }
        let outputs = Set(source.outputs.map(\.name)).intersection(floating)
        for node in source.nodes { convert(node, outputs: outputs) }
        for name in outputs where float32[name] != name {
            if let half = float16[name] { cast(half, to: .f32, named: name) }
        }
    }

    private mutating func convert(_ node: ExportNode, outputs: Set<String>) {
        var node = node
        let keeps32 = node.keepsFloat32
        node.inputs = node.inputs.enumerated().map { place, name in
            guard floating.contains(name) else { return name }
            // Resize's scales are float32 whatever it resizes.
            return operand(name, half: !keeps32 && !(node.op == "Resize" && place > 0))
        }
        if node.resultType.isFloatingPoint {
            if !keeps32 { node.becomeHalf() }
            node.outputs = node.outputs.map { name in
                let stored = outputs.contains(name) && !keeps32 ? name + ".float16" : name
                if keeps32 { float32[name] = stored } else { float16[name] = stored }
                return stored
            }
        }
        result.nodes.append(node)
    }

    /// What a value is called in the wanted precision; cast or stored on first use.
    private mutating func operand(_ name: String, half: Bool) -> String {
        if let known = half ? float16[name] : float32[name] { return known }
        if var initializer = source.initializer(name) {
            if half {
                initializer.type = .f16
                initializer.name = float32[name] == nil ? name : name + ".float16"
                float16[name] = initializer.name
            } else {
                initializer.name = float16[name] == nil ? name : name + ".float32"
                float32[name] = initializer.name
            }
            result.add(initializer)
            return initializer.name
        }
        guard let other = half ? float32[name] : float16[name] else { return name }
        let made = name + (half ? ".float16" : ".float32")
        cast(other, to: half ? .f16 : .f32, named: made)
        if half { float16[name] = made } else { float32[name] = made }
        return made
    }

    private mutating func cast(_ from: String, to type: ElementType, named name: String) {
        result.nodes.append(
            ExportNode(
                name: name + "/cast", op: "Cast", inputs: [from], outputs: [name],
                attributes: [("to", .int(type.onnxType.rawValue))], keepsFloat32: false, resultType: type))
    }
}

extension ExportNode {
    /// A node that says its result's type says float16.
    fileprivate mutating func becomeHalf() {
        for index in attributes.indices {
            switch (op, attributes[index].name, attributes[index].value) {
            case ("Cast", "to", .int(ElementType.f32.onnxType.rawValue)):
                attributes[index].value = .int(ElementType.f16.onnxType.rawValue)
            case ("ConstantOfShape", "value", .tensor(let tensor)) where tensor.type == .f32:
                if let half = tensor.converted(to: .f16)?.tensor { attributes[index].value = .tensor(half) }
            default: break
            }
        }
    }
}

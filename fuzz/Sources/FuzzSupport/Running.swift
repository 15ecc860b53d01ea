public import UnmaskGraph
internal import UnmaskRuntime

/// One engine for all inputs.
private let engine: Engine? = try? Engine(threads: 1)

/// Plans a graph under small limits, and runs it with zeros and ones, its symbols being the same number.
public func plan(_ graph: Graph, symbols number: Int) {
    guard let engine else { fatalError("there is no engine") }
    var names: Set<String> = []
    for value in graph.values {
        for case .symbol(let name, _, _) in value.shape.dimensions { names.insert(name) }
    }
    let bindings = Dictionary(uniqueKeysWithValues: names.map { ($0, number) })
    do throws(RuntimeError) {
        let session = try Session(
            graph, engine: engine, limits: PlanLimits(memoryBytes: 32 << 20, operations: 1 << 26))
        let outputs = graph.outputs.map(\.name)
        let plan = try session.prepare(bindings: bindings, outputs: outputs)
        precondition(plan.flops >= 0 && plan.arenaBytes >= 0)
        var inputs: [String: InputArray] = [:]
        for id in graph.inputs {
            let (value, type) = (graph[id], graph[id].type.atRunTime)
            guard let shape = value.shape.bound(by: bindings),
                let bytes = Tensor.byteCount(shape: shape, type: type), bytes <= 32 << 20
            else { return }
            inputs[value.name] = .bytes(
                type == .f32
                    ? Array(repeating: [0, 0, 0x80, 0x3F] as [UInt8], count: bytes / 4).flatMap { $0 }
                    : Array(repeating: 1, count: bytes), type)
        }
        for tensor in try session.runTensors(inputs, bindings: bindings, outputs: outputs).values { touch(tensor) }
    } catch {
        precondition(!error.description.isEmpty)
    }
}
